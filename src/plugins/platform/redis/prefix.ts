import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Settings } from '../config/settings.ts'

/** What tells a database from every other one: never who connects to it, and how. */
function identityOf(uri: string) {
  if (!/^postgres(ql)?:/.test(uri)) return `${hostname()}:${resolve(uri.replace(/^file:/, ''))}`
  const { hostname: host, port, pathname } = new URL(uri)
  return `${host}:${port || 5432}${pathname}`
}

/**
 * What is in front of every key, so that two services on one Redis never vouch for each other's sessions. Replicas of one
 * service name the same database, so they share their keys.
 */
export function redisPrefix({ REDIS_PREFIX, DB_URI }: Pick<Settings, 'REDIS_PREFIX' | 'DB_URI'>) {
  const database = createHash('sha256').update(identityOf(DB_URI)).digest('base64url').slice(0, 10)
  return REDIS_PREFIX ?? `fastify-minimal-starter:${database}:`
}
