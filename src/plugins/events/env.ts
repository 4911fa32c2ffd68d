import { duration } from '../config/kinds.ts'

export const eventsEnv = {
  EVENTS_TTL: duration('90d')
}
