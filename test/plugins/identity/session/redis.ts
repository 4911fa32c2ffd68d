import type { FastifyInstance } from 'fastify'
import { redisPrefix } from '../../../../src/plugins/platform/redis/prefix.ts'

const keyOf = async (app: FastifyInstance, sid: string) => `session:${(await app.sessions.find(sid))?.secretHash}`

/** Makes the cache forget all sessions, for a test that has changed some in SQL. */
export async function forgetCached(app: FastifyInstance) {
  const sessions = await app.db.select().from(app.tables.sessions)
  for (const { id } of sessions) await app.redis?.del(await keyOf(app, id))
  // A session that the cache in memory hears of is read from SQL again.
  if (!app.redis) await app.revocations.notify(sessions)
}

/** When Redis says that a session was last used, in ms; null if it does not know. */
export async function lastSeenInRedis(app: FastifyInstance, sid: string): Promise<number | null> {
  const kept = await app.redis?.get(await keyOf(app, sid))
  return kept ? JSON.parse(kept).lastSeenAt : null
}

/** Every key of this app in Redis, and its value. */
export async function allInRedis(app: FastifyInstance) {
  const prefix = redisPrefix(app.config)
  const keys = (await app.redis?.keys(`${prefix}*`)) ?? []
  const values = await Promise.all(keys.map((name) => app.redis.get(name.replace(prefix, ''))))
  return [...keys, ...values.map(String)]
}
