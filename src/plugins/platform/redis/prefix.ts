import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { isPostgres, sqlitePath } from '../db/address.ts'

/** Identifies a database, whatever the user and the options of the connection. */
function identityOf(uri: string) {
  if (!isPostgres(uri)) return `${hostname()}:${resolve(sqlitePath(uri))}`
  const { hostname: host, port, pathname } = new URL(uri)
  return `${host}:${port || 5432}${pathname}`
}

/**
 * The prefix of every key, so that two services on one Redis never accept each other's sessions. Replicas of one service use
 * the same database, so they share their keys.
 */
export function redisPrefix({ REDIS_PREFIX, DB_URI }: Pick<Settings, 'REDIS_PREFIX' | 'DB_URI'>) {
  const database = createHash('sha256').update(identityOf(DB_URI)).digest('base64url').slice(0, 10)
  return REDIS_PREFIX ?? `fastify-minimal-starter:${database}:`
}
