import { duration, secrets, text } from '../config/kinds.ts'

export const jwtEnv = {
  JWT_SECRET_KEY: secrets(),
  JWT_ISSUER: text('fastify-minimal-starter', (name) => !/\s/.test(name), 'must be a text without spaces'),
  ACCESS_TOKEN_TTL: duration('15m'),
  REFRESH_TOKEN_TTL: duration('30d'),
  REFRESH_GRACE: duration('30s', 0)
}
