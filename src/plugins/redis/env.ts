import { text } from '../config/kinds.ts'

export const redisEnv = {
  REDIS_URL: text(null, (url) => /^rediss?:\/\/\S/.test(url) && URL.canParse(url), 'must be redis://… or rediss://…')
}
