import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { Test } from 'tap'
import { freshFolder, settled, startListening } from '../../process.ts'
import { startRedis } from '../../redis.ts'
import { addRevocations } from '../../revocations.ts'
import { freePort, startPostgres } from '../../servers.ts'
import { startControl } from '../control.ts'
import type { Random } from './random.ts'

export type Chaos = Awaited<ReturnType<typeof startStage>>['chaos']

const REPLICAS = 3
const FLUSH_EVERY_MS = 500
/** Between two disturbances, and how long Redis stands still, in ms. */
const [PAUSE, STANDSTILL] = [
  [1000, 3000],
  [300, 2000]
] as const
/** So many revocations, of nobody here, make a refill take long enough that it meets FLUSHALL. */
const [REVOCATIONS, REVOKED_EVERY_MS] = [4000, 5]
const REMEMBERED = 5
/** An answer of a server that does nothing takes this long only where the machine is too busy. */
const SLOW_MS = 100

/** PostgreSQL, Redis and three replicas that are reached one by one, and what happens to them. */
export async function startStage(t: Test, random: Random, environment: Record<string, string>) {
  const [postgresServer, redis] = await Promise.all([startPostgres(), startRedis()])
  const uri = await postgresServer.createDatabase()
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  const folder = freshFolder(t)
  const base = { ...settled, ...environment, DB_URI: uri, DB_MIGRATE: 'auto', REDIS_URL: redis.url }
  const start = (port: number) => startListening(t, folder, { ...base, PORT: `${port}` })
  const servers: { port: number; server: Awaited<ReturnType<typeof start>> }[] = []
  while (servers.length < REPLICAS) {
    const port = await freePort()
    servers.push({ port, server: await start(port) })
  }

  const past: { at: number; what: string }[] = []
  let wellSince = performance.now()
  let isOver = false
  // On a machine that is busy with other work, calls run into their deadlines: then nothing is well either.
  const control = await startControl(t)
  let slowAt = 0
  const timer = setInterval(() => {
    if (control.slowestMs() > SLOW_MS) slowAt = performance.now()
    control.begin()
  }, 250)
  t.teardown(() => clearInterval(timer))
  function remember(what: string) {
    past.push({ at: performance.now(), what })
    if (past.length > REMEMBERED) past.shift()
  }

  const disturbances = {
    async kill() {
      const one = random.some(servers) as (typeof servers)[number]
      const gone = once(one.server.child, 'close')
      one.server.child.kill('SIGKILL')
      remember(`replica ${servers.indexOf(one)} was killed`)
      await gone
      await addRevocations(sql, REVOCATIONS, REVOKED_EVERY_MS)
      one.server = await start(one.port)
      remember(`replica ${servers.indexOf(one)} listened again`)
    },
    async stop() {
      const ms = Math.round(random.between(...STANDSTILL))
      redis.process.kill('SIGSTOP')
      remember(`Redis stopped for ${ms} ms`)
      await sleep(ms)
      redis.process.kill('SIGCONT')
    },
    async cut() {
      await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      remember('all connections to Redis were killed')
    }
  }

  async function flush() {
    while (!isOver) {
      await Promise.all([redis.admin.flushall().then(() => remember('FLUSHALL')), sleep(FLUSH_EVERY_MS)])
    }
  }
  async function disturb() {
    while (!isOver) {
      await sleep(random.between(...PAUSE))
      if (isOver) return
      wellSince = Number.POSITIVE_INFINITY
      await disturbances[random.weighted({ kill: 4, stop: 2, cut: 2 })]()
      wellSince = performance.now()
    }
  }

  t.teardown(() => sql.end({ timeout: 0 }))
  return {
    ports: servers.map(({ port }) => port),
    chaos: {
      /** The last things that happened, for a report. */
      recent: (before: number) => past.filter(({ at }) => at <= before),
      /** Since when nothing is disturbed, apart from FLUSHALL, and the machine is fast enough; infinity: something is. */
      wellSince: () => Math.max(wellSince, slowAt),
      /** Until the promise that this gives is awaited. */
      begin() {
        const all = Promise.all([flush(), disturb()])
        return async () => {
          isOver = true
          await all
        }
      }
    }
  }
}
