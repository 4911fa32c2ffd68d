import createError from '@fastify/error'

// RFC 6750, 3: the challenge says that there was a token and that it does not count.
const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }

export class InvalidToken extends createError('INVALID_TOKEN', 'The token is not valid', 401) {
  readonly headers = headers
}
export class TokenExpired extends createError('TOKEN_EXPIRED', 'The token has expired', 401) {
  readonly headers = headers
}
export class TokenRevoked extends createError('TOKEN_REVOKED', 'The login of this token was ended', 401) {
  readonly headers = headers
}
export class RefreshTokenReused extends createError(
  'REFRESH_TOKEN_REUSED',
  'This refresh token was used before, so its login was ended',
  401
) {
  readonly headers = headers
}
