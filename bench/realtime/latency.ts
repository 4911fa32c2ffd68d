import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgres } from '../../test/postgres.ts'
import { quantile, round } from '../figures.ts'
import { startRedis } from '../service.ts'
import { LIMIT_MS, openSocket, openSockets } from './crowd.ts'
import { startOwnService, streamSteps } from './subjects.ts'

type Service = Awaited<ReturnType<typeof startOwnService>>
const now = () => performance.timeOrigin + performance.now()
/** At random times, because replicas also look at regular ones. */
const pause = (ms: number) => sleep(Math.random() * ms)

function summarize(what: string, times: number[], goalMs: number | null) {
  const [p50, p99] = [0.5, 0.99].map((part) => round(quantile(times, part), 1))
  return {
    what,
    times: times.length,
    'p50 ms': p50 ?? 0,
    'p99 ms': p99 ?? 0,
    'max ms': round(Math.max(...times), 1),
    'p99 at most': goalMs
  }
}

/** From the commit of a message in one process to its arrival at a client of another, or of the same. */
async function deliver(writer: Service, reader: Service, count: number) {
  const [user] = writer.users
  const socket = await openSocket(reader.port, streamSteps(writer.bearerOf(0)))
  const arrived = new Map<string, number>()
  socket.on('data', (data) => {
    for (const [, n = ''] of data.toString('latin1').matchAll(/"n":(\d+),/g)) arrived.set(n, now())
  })
  const committed: Promise<{ committedAt: number }>[] = []
  for (let n = 0; n < count; n++) {
    await pause(100)
    committed.push(fetch(`${writer.url}/emit?users=${user?.id}&n=${n}`).then((reply) => reply.json()))
  }
  const times = await Promise.all(committed)
  for (const end = now() + LIMIT_MS; arrived.size < count && now() < end; ) await sleep(20)
  socket.destroy()
  return times.map(({ committedAt }, n) => (arrived.get(`${n}`) ?? Number.POSITIVE_INFINITY) - committedAt)
}

/** From the call of a logout at one replica to the end of the session's stream at another. */
async function logOut(writer: Service, reader: Service, count: number) {
  const bearers: { authorization: string }[] = []
  for (let i = 0; i < count; i++) {
    const { accessToken } = await writer.logIn('user0', 'token', `10.0.0.${i}`)
    bearers.push({ authorization: `Bearer ${accessToken}` })
  }
  const sockets = await openSockets(reader.port, count, (i) => streamSteps(bearers[i] ?? {}))
  const times: Promise<number>[] = []
  for (const [i, socket] of sockets.entries()) {
    await pause(100)
    const begin = now()
    const closed = once(socket.resume(), 'close', { signal: AbortSignal.timeout(LIMIT_MS) }).then(() => now() - begin)
    const headers = bearers[i] ?? {}
    const reply = await fetch(`${writer.url}/api/auth/logout`, { method: 'POST', headers })
    if (reply.status !== 204) throw new Error(`The logout answered ${reply.status}`)
    times.push(closed)
  }
  return Promise.all(times)
}

/** How long messages and logouts take, in one process and between replicas, with Redis and without. */
export async function latencies(count: number) {
  const alone = await startOwnService(1)
  const rows = [summarize('message, one process, SQLite', await deliver(alone, alone, count), null)]
  await alone.stop()
  const postgres = await openPostgres()
  const redis = await startRedis()
  for (const redisUrl of redis ? [redis.url, ''] : ['']) {
    const env = { DB_URI: await postgres.createDatabase(), DB_MIGRATE: 'auto', REDIS_URL: redisUrl }
    const writer = await startOwnService(1, env)
    const reader = await startOwnService(0, writer.settings)
    const where = redisUrl ? 'another replica, with Redis' : 'another replica, without Redis'
    rows.push(summarize(`message, ${where}`, await deliver(writer, reader, count), redisUrl ? 50 : 700))
    rows.push(summarize(`logout, ${where}`, await logOut(writer, reader, Math.min(count, 90)), 700))
    await Promise.all([writer.stop(), reader.stop()])
  }
  redis?.stop()
  await postgres.remove()
  return rows
}
