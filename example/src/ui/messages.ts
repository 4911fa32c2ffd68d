import { ApiError } from 'fastify-minimal-starter-client'

/** An error whose message is for the user. */
export class UserError extends Error {}

/** What an action throws to end without a result and without a message, such as when the user closes its dialog. */
export class Canceled extends UserError {}

/** Instead of what the service says, where it speaks to developers. */
const WORDS: Record<string, string> = {
  TICKET_INVALID: 'This code is no longer valid. Get another one',
  OIDC_FAILED: 'This did not work, or you said no. Try again',
  EMAIL_UNVERIFIED: 'They have not verified your email address, so it cannot be used here',
  PROVIDER_UNAVAILABLE: 'They do not answer. Try again in a minute, or sign in another way',
  INVALID_CODE: 'This code is wrong. Enter the latest one',
  SECOND_FACTOR_NOT_ENABLED: 'Turn on an authenticator app first, on the page Security',
  EMAIL_NOT_VERIFIED: 'Verify your email address first'
}

/** An error as the user should read it. */
export function messageOf(error: unknown) {
  if (error instanceof UserError) return error.message
  if (error instanceof ApiError) {
    const text = WORDS[error.code] ?? error.message
    const seconds = error.retryAfterMs === null ? null : Math.ceil(error.retryAfterMs / 1000)
    return `${text}.${seconds === null ? '' : ` Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`}`
  }
  // What `fetch` throws without a reply.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
    return 'Cannot reach the server. Check your connection and try again.'
  reportError(error)
  return 'Something went wrong. Reload the page and try again.'
}
