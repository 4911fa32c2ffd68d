import type { RedisClient } from './client.ts'
import { mastersOf } from './masters.ts'

/** What Redis may forget because of its configuration, and the consequence, one line each; nothing if it does not tell. */
async function findRisks(redis: RedisClient) {
  // INFO, since managed Redis services forbid CONFIG GET.
  const infos = await Promise.all(mastersOf(redis).map((server) => server.info().catch(() => '')))
  const info = infos.join('\n')
  const policy = /^maxmemory_policy:(?!noeviction)(\S+)/m.exec(info)?.[1]
  return [
    policy &&
      `REDIS_URL: maxmemory-policy is ${policy}, so a full Redis forgets revoked sessions, and their access tokens work ` +
        'again until they expire; set noeviction',
    /^aof_enabled:0/m.test(info) &&
      'REDIS_URL: appendonly is no, so a restarted Redis forgets failed logins and counted requests (revoked sessions are ' +
        'restored from SQL); set yes'
  ].filter((risk) => typeof risk === 'string')
}

/** Makes a check of the configuration that warns about each risk once. */
export function createRiskCheck(redis: RedisClient, warn: (risk: string) => void) {
  const warned = new Set<string>()
  return async () => {
    for (const risk of await findRisks(redis)) {
      if (!warned.has(risk)) warn(risk)
      warned.add(risk)
    }
  }
}
