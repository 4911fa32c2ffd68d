import type { RedisClient } from './client.ts'
import { mastersOf } from './masters.ts'

/** What Redis may forget by its own settings and what that puts at stake, a line each; nothing where it does not tell them. */
export async function findRisks(redis: RedisClient) {
  // CONFIG GET would be plainer, but a managed Redis forbids it.
  const told = await Promise.all(mastersOf(redis).map((server) => server.info().catch(() => '')))
  const info = told.join('\n')
  const policy = /^maxmemory_policy:(?!noeviction)(\S+)/m.exec(info)?.[1]
  return [
    policy &&
      `REDIS_URL: maxmemory-policy is ${policy}, so a full Redis forgets ended logins, and their access tokens work again ` +
        'until they expire: set noeviction',
    /^aof_enabled:0/m.test(info) &&
      'REDIS_URL: appendonly is no, so a Redis that restarts forgets how many logins failed and how many requests came (ended ' +
        'logins are written again from SQL): set yes'
  ].filter((risk) => typeof risk === 'string')
}
