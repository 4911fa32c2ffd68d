import { duration } from '../config/kinds.ts'

export const sessionEnv = {
  SESSION_TTL: duration('30d')
}
