import { optionalText } from '../config/kinds.ts'

export const redisEnv = {
  REDIS_URL: optionalText('^rediss?://\\S+$', 'must be redis://… or rediss://…')
}
