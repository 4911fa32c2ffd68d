import type { Cluster } from 'ioredis'
import { DeadlineExceeded, withTimeout } from '../time-budget/time-budget.ts'
import type { RedisClient } from './client.ts'
import { hashTagsOf, slotOf } from './hash-tags.ts'

/** Replies of a server that is no master for these keys, or not yet. */
const NOT_MASTER = /^(READONLY|CLUSTERDOWN|MASTERDOWN|LOADING)/

/** Whether the right server answered and said no: it is full, for example, but not down. */
export const isRefusal = (error: unknown) =>
  error instanceof Error && error.name === 'ReplyError' && !NOT_MASTER.test(error.message)

/** Whether the request had less time left than a call may take: a timeout then says nothing about Redis. */
export const ranOutOfTime = (error: unknown, callMs: number) =>
  error instanceof DeadlineExceeded && error.afterMs < callMs

/** A Redis that takes longer to answer a ping is slower than SQL, so it is not used. */
const PING_MS = 200

const isCluster = (redis: RedisClient): redis is Cluster => redis.isCluster

/** The connections to the masters that ioredis knows of: one, or one per shard of a cluster. */
export function mastersOf(redis: RedisClient) {
  return isCluster(redis) ? redis.nodes('master') : [redis]
}

/** Asks for the current masters and pings them; rejects if one does not answer. */
export async function findMasters(redis: RedisClient) {
  if (isCluster(redis)) {
    const refreshed = Promise.withResolvers<void>()
    redis.refreshSlotsCache((error) => (error ? refreshed.reject(error) : refreshed.resolve()))
    await refreshed.promise
  }
  const masters = mastersOf(redis)
  await Promise.all(masters.map((master) => withTimeout(PING_MS, () => master.ping())))
  return masters
}

/** Writes one key to each master; rejects if one refuses. */
export async function checkWrites(redis: RedisClient) {
  const { all } = hashTagsOf(redis)
  // One tag per master: the last one wins.
  const tags = isCluster(redis) ? new Map(all.map((tag) => [redis.slots[slotOf(tag)]?.[0], tag])).values() : all
  await Promise.all([...tags].map((tag) => redis.set(`check:{${tag}}`, '1', 'PX', 1000)))
}
