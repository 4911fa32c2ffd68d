import type { Cluster, Redis } from 'ioredis'
import { DeadlineExceeded, withTimeout } from '../time-budget/time-budget.ts'
import type { RedisClient } from './client.ts'
import { hashTagsOf, slotOf } from './hash-tags.ts'

/** Refusals that say: I am no server for these keys, or not now. */
const NOT_MASTER = /^(READONLY|CLUSTERDOWN|MASTERDOWN|LOADING)/

/** Whether a server answered, and said no (OOM): it is there all the same. */
const isRefusal = (error: unknown) =>
  error instanceof Error && error.name === 'ReplyError' && !NOT_MASTER.test(error.message)

/** Whether an error says nothing of Redis: a refusal, or a request that had less time left than a question may take. */
export const saysNothing = (error: unknown, questionMs: number) =>
  isRefusal(error) || (error instanceof DeadlineExceeded && error.afterMs < questionMs)

/** A Redis that takes longer for a ping saves nobody time, and is not trusted. */
const PING_MS = 200

const isCluster = (redis: RedisClient): redis is Cluster => redis.isCluster

/** The connections to the servers that answer for keys now. */
export function mastersOf(redis: RedisClient) {
  return isCluster(redis) ? redis.nodes('master') : [redis]
}

/**
 * The servers that answer for keys, and whether they were told what SQL knows. There is one, or one for each part of a
 * cluster; there another may answer all of a sudden: a replica that was promoted and lacks the last writes.
 */
export function createMasters(redis: RedisClient) {
  let told = new Set<Redis>()

  return {
    /** Those that there are now; rejects where one of them does not answer. */
    async find() {
      if (isCluster(redis)) {
        const refreshed = Promise.withResolvers<void>()
        redis.refreshSlotsCache((error) => (error ? refreshed.reject(error) : refreshed.resolve()))
        await refreshed.promise
      }
      const servers = mastersOf(redis)
      await Promise.all(servers.map((server) => withTimeout(PING_MS, () => server.ping())))
      return servers
    },
    /** These were told everything. A connection that is made anew is another server. */
    trust(servers: Redis[]) {
      told = new Set(servers)
    },
    /** Whether there are these and no others. */
    areSynced() {
      const servers = mastersOf(redis)
      return servers.length === told.size && servers.every((server) => told.has(server))
    },
    /** Rejects where one of them would not take a write now: one that answers may still refuse. */
    async check() {
      const { all } = hashTagsOf(redis)
      // One key for each master: the last of its tags wins.
      const tags = isCluster(redis) ? new Map(all.map((tag) => [redis.slots[slotOf(tag)]?.[0], tag])).values() : all
      await Promise.all([...tags].map((tag) => redis.set(`check:{${tag}}`, '1', 'PX', 1000)))
    }
  }
}
