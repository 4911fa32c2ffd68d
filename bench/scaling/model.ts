import type { Cost } from './costs.ts'
import { type Call, calls, ratesOf } from './habits.ts'
import { blocklistKey, nodeOf, sessionKey } from './keys.ts'
import { pick } from './pick.ts'
import { createQueues, seeded } from './queues.ts'

/** What one call takes, in ms. */
export type Work = { loop: number; hash: number; sql: number; redis: number }
export type Works = Record<Call, Work>
/** A replica has a core for its event loop and one for hashes; `users` sets how many different logins ask. */
export type Plant = { replicas: number; redisNodes: number; sqlCores: number; users: number }

/** The governor's: who would be one more, or would wait for longer, is refused. */
const [LONGEST_QUEUE, LONGEST_WAIT_MS] = [128, 1000]
/** What a call with a password takes of the event loop; the rest of its time is the hash (docs/performance.md). */
const LOOP_OF_LOGIN_MS = 2

export function worksOf(costs: readonly Cost[]): Works {
  const workOf = (cost: Cost): Work => {
    const ms = cost['service µs'] / 1000
    const hash = Math.max(0, ms - LOOP_OF_LOGIN_MS)
    const hashes = cost.call === 'login' || cost.call === 'sign-up'
    return {
      loop: hashes ? ms - hash : ms,
      hash: hashes ? hash : 0,
      sql: cost['SQL µs'] / 1000,
      redis: cost['Redis µs'] / 1000
    }
  }
  return Object.fromEntries(costs.map((cost) => [cost.call, workOf(cost)])) as Works
}

/** How much of each sort the calls of a second take, in seconds: 1 keeps one core busy. */
export function demand(works: Works, rates: Record<Call, number>): Work {
  const sum = (pickOne: (work: Work) => number) =>
    calls.reduce((all, call) => all + (rates[call] * pickOne(works[call])) / 1000, 0)
  return {
    loop: sum(({ loop }) => loop),
    hash: sum(({ hash }) => hash),
    sql: sum(({ sql }) => sql),
    redis: sum(({ redis }) => redis)
  }
}

/** What a call of the mix takes on average. */
export function meanOf(works: Works): Work {
  const rates = ratesOf(1e6)
  const total = calls.reduce((sum, call) => sum + rates[call], 0)
  const all = demand(works, rates)
  const each = (seconds: number) => (seconds * 1000) / total
  return { loop: each(all.loop), hash: each(all.hash), sql: each(all.sql), redis: each(all.redis) }
}

export function scale(works: Works, by: Work): Works {
  const scaled = ({ loop, hash, sql, redis }: Work) => ({
    loop: loop * by.loop,
    hash: hash * by.hash,
    sql: sql * by.sql,
    redis: redis * by.redis
  })
  return Object.fromEntries(calls.map((call) => [call, scaled(works[call])])) as Works
}

/**
 * Calls that come at random, one by one, dealt out to the replicas in turn; each waits where others are before it. A few users ask
 * far more often than most. Gives latencies in ms, without networks and disks.
 */
export function simulate(works: Works, rates: Record<Call, number>, plant: Plant, seconds: number, seed = 1) {
  const random = seeded(seed)
  const total = calls.reduce((sum, call) => sum + rates[call], 0)
  const [loops, hashes] = [createQueues(plant.replicas), createQueues(plant.replicas)]
  const [redis, sql] = [createQueues(plant.redisNodes), createQueues(plant.sqlCores)]
  const latencies: number[] = []
  let refused = 0
  let at = 0
  for (let i = 0; ; i++) {
    at += (-Math.log(1 - random()) * 1000) / total
    if (at > seconds * 1000) break
    const call = pick(rates, total, random)
    const work = works[call]
    const replica = i % plant.replicas
    const login = Math.floor(plant.users * random() ** 3)
    let done = loops.work(replica, at, work.loop)
    const key = call === 'whoami by cookie' ? sessionKey(login) : blocklistKey(login)
    if (work.redis > 0) done = redis.work(nodeOf(key, plant.redisNodes), done, work.redis)
    if (work.sql > 0) done = sql.work(sql.next(), done, work.sql)
    if (work.hash > 0) {
      const waitMs = hashes.waitAt(replica, done)
      if (waitMs > LONGEST_WAIT_MS || waitMs > LONGEST_QUEUE * work.hash) {
        refused++
        continue
      }
      done = hashes.work(replica, done, work.hash)
    }
    latencies.push(done - at)
  }
  const ms = seconds * 1000
  const busy = { loop: loops.share(ms), hash: hashes.share(ms), redis: redis.share(ms), sql: sql.share(ms) }
  return { calls: latencies.length + refused, refused, latencies, busy }
}
