import createError from '@fastify/error'
import type { Session } from '../auth/tables.ts'

// RFC 6750, 3: the challenge says that the request had a token and that it is not valid.
const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }

/** The clock of the issuer is ahead of ours. Only the log says so; the client gets INVALID_TOKEN. */
export class TokenNotYetValid extends Error {
  readonly code = 'TOKEN_NOT_YET_VALID'
  override name = 'TokenNotYetValid'
}

/** Why a token was rejected, for the log: our code or that of the library, or `claims` if its claims are wrong. */
export function causeOf({ cause }: Error) {
  return (cause as { code?: string } | undefined)?.code ?? 'claims'
}

export class InvalidToken extends createError('INVALID_TOKEN', 'The token is not valid', 401) {
  readonly headers = headers
}
export class TokenExpired extends createError('TOKEN_EXPIRED', 'The token has expired', 401) {
  readonly headers = headers
}
export class TokenRevoked extends createError('TOKEN_REVOKED', 'The session of this token was revoked', 401) {
  readonly headers = headers
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
  readonly headers = headers
  readonly session: Pick<Session, 'id' | 'userId'>

  constructor(session: Pick<Session, 'id' | 'userId'>) {
    super()
    this.session = session
  }
}
