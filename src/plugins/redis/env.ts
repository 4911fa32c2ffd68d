import { text } from '../config/kinds.ts'
import { parseRedisUrl } from './url.ts'

function isRedis(url: string) {
  try {
    return parseRedisUrl(url).nodes.length > 0
  } catch {
    return false
  }
}

const FAULT =
  'must be redis://host:6379, redis+cluster://host1,host2 or redis+sentinel://host1,host2/name; with TLS rediss, rediss+…'

export const redisEnv = { REDIS_URL: text(null, isRedis, FAULT) }
