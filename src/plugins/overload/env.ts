import { integer } from '../config/kinds.ts'

export const overloadEnv = {
  /** In ms, the mean of half a second; 0: never refuses. */
  MAX_EVENT_LOOP_DELAY_MS: integer('250', 0, 60_000)
}
