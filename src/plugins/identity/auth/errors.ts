import createError from '@fastify/error'

/** RFC 6750, 3: the challenge says that the request had a token and that it is not valid. */
export const TOKEN_CHALLENGE = { 'www-authenticate': 'Bearer error="invalid_token"' }

/** The same for an unknown name and a wrong password (ASVS 5.0, 6.3.8). */
export const InvalidCredentials = createError('INVALID_CREDENTIALS', 'The name or password is wrong', 401)
export const ReauthenticationRequired = createError(
  'REAUTHENTICATION_REQUIRED',
  'Confirm your password first: POST /api/auth/reauthenticate',
  403
)
export const SecondFactorNotEnabled = createError('SECOND_FACTOR_NOT_ENABLED', 'Set up an authenticator app first', 403)
/** Also for a session of another user, so that ids cannot be probed. */
export const SessionNotFound = createError('SESSION_NOT_FOUND', 'You have no active session with this id', 404)

export class InvalidToken extends createError('INVALID_TOKEN', 'The token is not valid', 401) {
  readonly headers = TOKEN_CHALLENGE
}
export class TokenExpired extends createError('TOKEN_EXPIRED', 'The token has expired', 401) {
  readonly headers = TOKEN_CHALLENGE
}
export const LastCredential = createError(
  'LAST_CREDENTIAL',
  'This is your only way to log in: add another one first',
  409
)
