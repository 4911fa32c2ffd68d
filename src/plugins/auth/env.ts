import { duration, integer, secrets } from '../config/kinds.ts'

export const authEnv = {
  SECRET_KEY: secrets(),
  LOGIN_MAX_AGE: duration('365d'),
  FRESH_FOR: duration('10m'),
  MAX_SESSIONS_PER_USER: integer('100', 1, 1000)
}
