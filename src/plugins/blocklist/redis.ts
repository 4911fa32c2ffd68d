import type { RedisGate } from '../redis/gate.ts'
import { type Blocklist, forgetAt } from './blocklist.ts'

// Without this key the list is not whole: Redis was emptied.
const COMPLETE = 'blocklist:complete'
const key = (sid: string) => `blocklist:${sid}`

/** In Redis, for all replicas: one round trip to ask. */
export function createRedisBlocklist(redis: RedisGate, windowMs: number): Blocklist {
  return {
    async has(sid) {
      const answer = await redis.read((client) => client.mget(COMPLETE, key(sid))).catch(() => null)
      return answer?.[0] ? answer[1] !== null : null
    },
    async check() {
      // A Redis that answers may still refuse to write.
      await redis.write((client) => client.set('blocklist:check', '1', 'PX', 1000))
    },
    async add(logins) {
      const now = Date.now()
      const alive = logins.filter((login) => forgetAt(login, windowMs) > now)
      if (alive.length === 0) return
      await redis.write(async (client) => {
        const batch = client.pipeline()
        for (const login of alive) batch.set(key(login.id), '1', 'PX', forgetAt(login, windowMs) - now)
        const failed = (await batch.exec())?.find(([error]) => error !== null)
        if (failed?.[0]) throw failed[0]
      })
    },
    async complete() {
      await redis.write((client) => client.set(COMPLETE, '1'))
    }
  }
}
