import { ApiError, PasskeyError } from 'fastify-minimal-starter-client'
import { Canceled, UserError } from '../ui/messages.ts'

const WORDS: Record<string, string> = {
  ALREADY_ADDED: 'This device already has a passkey for your account.',
  WRONG_DOMAIN: 'Passkeys do not work at this address.',
  UNSUPPORTED: 'This browser or device cannot use passkeys.',
  INVALID_CODE: 'This passkey does not work here. It may have been removed, or belong to another account.',
  TICKET_INVALID: 'That took too long. Try again.',
  LAST_CREDENTIAL: 'You need this passkey to sign in. Add another one first.'
}

/** The error of a call with a passkey, in words for the user. */
export function inWords(error: unknown): unknown {
  if (!(error instanceof PasskeyError || error instanceof ApiError)) return error
  if (error.code === 'CANCELED') return new Canceled()
  const words = WORDS[error.code]
  return words ? new UserError(words) : error
}

/** Makes a call with a passkey. */
export const withWords = <Result>(call: () => Promise<Result>) =>
  call().catch((error) => {
    throw inWords(error)
  })
