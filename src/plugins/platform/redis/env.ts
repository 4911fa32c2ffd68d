import { text } from '../config/setting-types.ts'
import { defineSettings, type Values } from '../config/settings.ts'
import { parseRedisUrl } from './url.ts'

function isRedis(url: string) {
  try {
    return parseRedisUrl(url).nodes.length > 0
  } catch {
    return false
  }
}

const INVALID =
  'must be redis://host:6379, redis+cluster://host1,host2 or redis+sentinel://host1,host2/name; with TLS rediss, rediss+…'

/** No braces: they would decide which cluster node holds a key. */
const isPrefix = (prefix: string) => /^[\w:./-]{1,64}$/.test(prefix)

const redisSettings = defineSettings({
  REDIS_URL: text(null, isRedis, INVALID),
  /** The prefix of every key; derived from DB_URI by default, see prefix.ts. */
  REDIS_PREFIX: text(null, isPrefix, 'must be up to 64 letters, digits and : . / _ -')
})

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof redisSettings> {}
}
