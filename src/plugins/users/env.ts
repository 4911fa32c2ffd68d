import { integer } from '../config/kinds.ts'

export const usersEnv = {
  /** In code points (ASVS 5.0, 6.2.1). */
  PASSWORD_MIN_LENGTH: integer('8', 8, 256)
}
