import createError from '@fastify/error'
import { TOKEN_CHALLENGE } from '../auth/errors.ts'
import type { Session } from '../auth/tables.ts'

/** The clock of the issuer is ahead of ours. Only the log says so; the client gets INVALID_TOKEN. */
export class TokenNotYetValid extends Error {
  readonly code = 'TOKEN_NOT_YET_VALID'
  override name = 'TokenNotYetValid'
}

/** Why a token was rejected, for the log: our code or that of the library, or `claims` if its claims are wrong. */
export function causeOf({ cause }: Error) {
  return (cause as { code?: string } | undefined)?.code ?? 'claims'
}

export class TokenRevoked extends createError('TOKEN_REVOKED', 'The session of this token was revoked', 401) {
  readonly headers = TOKEN_CHALLENGE
  /** The session id, if the token names it. */
  readonly sid: string | undefined

  constructor(sid?: string) {
    super()
    this.sid = sid
  }
}
export class RefreshTokenReused extends createError(
  'REFRESH_TOKEN_REUSED',
  'This refresh token was used before, so its session was revoked',
  401
) {
  readonly headers = TOKEN_CHALLENGE
  readonly session: Pick<Session, 'id' | 'userId'>

  constructor(session: Pick<Session, 'id' | 'userId'>) {
    super()
    this.session = session
  }
}
