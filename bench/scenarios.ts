import { join } from 'node:path'
import { openClient } from './client.ts'
import { type Case, compare, type Running } from './compare.ts'
import { middle, quantile, round, spread } from './figures.ts'
import { SERVER_CORE, startProcess } from './process.ts'
import { addRevoked, addUsers } from './rows.ts'
import { fromPage, PASSWORD, type Service, startService, type Tokens } from './service.ts'

// Measurements beyond the cost of a single request.

const MB = 1024 * 1024
const CONNECTIONS = 32
const IDLE_MS = 3000
const subject = (name: string) => join(import.meta.dirname, 'subjects', `${name}.ts`)
/** A different client address for each number. */
const from = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`

function loginRequest(usernameOrEmail: string, i: number) {
  const body = { usernameOrEmail, password: PASSWORD, authType: 'token' }
  return fromPage('POST', '/api/auth/login', { 'x-forwarded-for': from(i) }, body)
}

/** CPU time and latency of one request, sent again and again. */
async function measure(service: Service, bytes: Buffer, forMs: number) {
  const client = await openClient(service.port, CONNECTIONS)
  await client.run({ next: () => bytes, forMs: forMs / 2 })
  const before = await service.usage()
  const { requests, times } = await client.run({ next: () => bytes, forMs })
  const after = await service.usage()
  client.close()
  return { cpuUs: (after.cpuUs - before.cpuUs) / requests, p99Ms: quantile(times, 0.99) }
}

async function whoamiRequest(service: Service, name = 'ada') {
  const { accessToken } = await service.logIn(name, 'token')
  return fromPage('GET', '/api/auth/whoami', { authorization: `Bearer ${accessToken}` })
}

/** Time until it listens and idle memory, against bare Fastify, in alternating starts on an existing database. */
export async function startUp(rounds: number) {
  const first = await startService()
  await first.stop()
  const starts: { oursMs: number; bareMs: number; oursMb: number; bareMb: number }[] = []
  for (let i = 0; i < rounds; i++) {
    const bare = await startProcess(subject('bare'), { core: SERVER_CORE })
    const ours = await startService(first.settings)
    // Garbage from the start goes soon anyway; measure what stays.
    const [bareUsage, oursUsage] = [await bare.usage(true), await ours.usage(true)]
    const [oursMb, bareMb] = [oursUsage.rssBytes / MB, bareUsage.rssBytes / MB]
    starts.push({ oursMs: ours.startMs, bareMs: bare.startMs, oursMb, bareMb })
    await bare.stop()
    await ours.stop()
  }
  const row = (what: string, pick: (one: (typeof starts)[number]) => [number, number]) => {
    const { median, low, high } = spread(starts.map((one) => pick(one)[0] / pick(one)[1]))
    const [ours, bare] = [0, 1].map((i) =>
      round(
        middle(starts, (one) => pick(one)[i] ?? 0),
        0
      )
    )
    return { what, 'this service': ours ?? 0, 'bare Fastify': bare ?? 0, ratio: median, low, high }
  }
  return [
    row('ms until it listens', ({ oursMs, bareMs }) => [oursMs, bareMs]),
    row('MB of memory when idle', ({ oursMb, bareMb }) => [oursMb, bareMb])
  ]
}

/** Calls that write, on SQLite, from four clients that send one request at a time. */
export async function writes(forMs: number) {
  // Without a grace period every refresh rotates; with it, most would return the current token again.
  const service = await startService({ REFRESH_GRACE: '0' })
  await service.signUp('ada')
  const client = await openClient(service.port, 4)

  async function run(call: string, next: (i: number) => Buffer, status: number, onReply = (_: { body: string }) => {}) {
    const before = await service.usage()
    const { requests, times, seconds } = await client.run({ next, forMs, statuses: [status], onReply })
    const after = await service.usage()
    return {
      call,
      'req/s': Math.round(requests / seconds),
      'CPU µs': Math.round((after.cpuUs - before.cpuUs) / requests),
      'p50 ms': round(quantile(times, 0.5)),
      'p99 ms': round(quantile(times, 0.99)),
      requests
    }
  }

  const free: string[] = []
  for (let i = 0; i < 8; i++) free.push((await service.logIn('ada', 'token', from(i))).refreshToken)
  const refresh = await run(
    'refresh',
    (i) =>
      fromPage('POST', '/api/auth/token-refresh', { 'x-forwarded-for': from(i) }, { refreshToken: free.shift() ?? '' }),
    200,
    ({ body }) => void free.push((JSON.parse(body) as Tokens).refreshToken)
  )
  const signUp = await run(
    'sign-up',
    (i) => {
      const body = { username: `new${i}`, email: `new${i}@example.com`, name: 'A user', password: PASSWORD }
      return fromPage('POST', '/api/auth/signup', { 'x-forwarded-for': from(i) }, body)
    },
    201
  )
  const login = await run('login', (i) => loginRequest(`new${i % signUp.requests}`, i), 200)
  client.close()
  await service.stop()
  return [refresh, signUp, login]
}

async function signUpMany(service: Service, count: number) {
  for (let i = 0; i < count; i++) await service.signUp(`user${i}`, from(i))
}

/** Logins per second against bare argon2id hashes per second, both on all cores, in alternating rounds. */
export async function loginRate(rounds: number, forMs: number) {
  const service = await startService({}, null)
  const users = 200
  await signUpMany(service, users)
  const client = await openClient(service.port, 6)
  const argon2 = await startProcess(subject('argon2'), { core: null })
  const pairs: { logins: number; hashes: number }[] = []
  let sent = 0
  for (let i = 0; i < rounds; i++) {
    const { requests, seconds } = await client.run({ next: () => loginRequest(`user${sent++ % users}`, sent), forMs })
    const reply = await fetch(`${argon2.url}/?ms=${forMs}`)
    const { hashes } = (await reply.json()) as { hashes: number }
    pairs.push({ logins: requests / seconds, hashes })
  }
  client.close()
  await service.stop()
  await argon2.stop()
  const { median, low, high } = spread(pairs.map(({ logins, hashes }) => logins / hashes))
  return {
    'logins/s': round(
      middle(pairs, ({ logins }) => logins),
      1
    ),
    'hashes/s': round(
      middle(pairs, ({ hashes }) => hashes),
      1
    ),
    ...{ ratio: median, low, high }
  }
}

/** whoami by token while more logins arrive than one core can hash. */
export async function whoamiUnderLogins(forMs: number) {
  const service = await startService()
  const users = 50
  await signUpMany(service, users)
  const whoami = await whoamiRequest(service, 'user0')
  const [asking, crowd] = [await openClient(service.port, 2), await openClient(service.port, 40)]
  let isOver = false
  let sent = 0
  const logins = crowd.run({
    next: () => (isOver ? null : loginRequest(`user${sent++ % users}`, sent)),
    // The concurrency limit refuses logins that exceed its queue.
    statuses: [200, 503]
  })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const { requests, times } = await asking.run({ next: () => whoami, forMs })
  isOver = true
  await logins
  asking.close()
  crowd.close()
  await service.stop()
  const [p50, p99, longest] = [0.5, 0.99, 1].map((part) => round(quantile(times, part)))
  return { requests, 'p50 ms': p50 ?? 0, 'p99 ms': p99 ?? 0, 'longest ms': longest ?? 0 }
}

/** The cost of idle keep-alive connections, and of a request next to them. */
export async function idleCrowd(connections: number, forMs: number) {
  // Load shedding would refuse a crowd that arrives all at once.
  const service = await startService({ MAX_EVENT_LOOP_DELAY_MS: '0' })
  await service.signUp('ada')
  const bytes = await whoamiRequest(service)
  const alone = await measure(service, bytes, forMs)
  const before = await service.usage(true)
  const crowd = await openClient(service.port, connections)
  // Each has sent one request, like a browser.
  let asked = 0
  await crowd.run({ next: () => (asked++ < connections ? bytes : null) })
  const after = await service.usage(true)
  const beside = await measure(service, bytes, forMs)
  const { cpuUs: start } = await service.usage()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const { cpuUs: end } = await service.usage()
  crowd.close()
  await service.stop()
  return {
    connections,
    'kB each': round((after.rssBytes - before.rssBytes) / connections / 1024, 1),
    'CPU % when idle': round((end - start) / IDLE_MS / 10, 1),
    'whoami alone µs': round(alone.cpuUs, 1),
    'beside them µs': round(beside.cpuUs, 1),
    'p99 ms': round(beside.p99Ms)
  }
}

/** A service that restarts after its SQLite file is filled. */
async function startFilled(fill: (path: string) => void) {
  const first = await startService()
  await first.signUp('ada')
  await first.stop()
  fill(`${first.folder}/app.db`)
  // For some seconds after the start, load shedding would refuse requests: a million revocations of the last minute are read again.
  return startService({ ...first.settings, MAX_EVENT_LOOP_DELAY_MS: '0' })
}

/** The cost of requests to a large service, as a multiple of their cost on a small one. */
async function compareSizes(small: () => Promise<Running>, large: () => Promise<Running>) {
  const sameOf = (one: Case, others: Case[]) => others.find(({ name }) => name === one.name) as Case
  const results = await compare(small, large, sameOf, { starts: 1, rounds: 9, burstMs: 300, warmUpMs: 3000 })
  return results.map(({ name, baselineUs, cpuUs, ratio, p99Ms }) => ({
    case: name,
    'small µs': baselineUs,
    'large µs': cpuUs,
    ...{ ratio: ratio.median, low: ratio.low, high: ratio.high },
    'p99 ms': p99Ms
  }))
}

/** whoami by token with many revoked sessions on the blocklist, against a few; and the size of an entry. */
export async function blocklistSizes(few: number, sizes: readonly number[]) {
  let heapOfFew = 0
  const startWith = (size: number) => async (): Promise<Running> => {
    const service = await startFilled((path) => addRevoked(path, size))
    const bytes = await whoamiRequest(service)
    /** By now, everything is read from SQL. */
    async function stop() {
      const { heapBytes } = await service.usage(true)
      if (size === few) heapOfFew = heapBytes
      const bytesEach = Math.round((heapBytes - heapOfFew) / size)
      weights.set(size, { bytesEach, startMs: Math.round(service.startMs) })
      await service.stop()
    }
    return { cases: [{ subject: `${size}`, name: 'whoami by bearer', server: service, bytes }], stop }
  }
  const weights = new Map<number, { bytesEach: number; startMs: number }>()
  const rows = []
  for (const size of sizes) {
    for (const row of await compareSizes(startWith(few), startWith(size)))
      rows.push({
        entries: size,
        ...row,
        'bytes each': weights.get(size)?.bytesEach ?? 0,
        'start ms': weights.get(size)?.startMs ?? 0
      })
  }
  return rows
}

/** Calls that read SQL, with many users and as many active sessions in the file, against a few. */
export async function populations(few: number, many: number) {
  const startWith = (size: number) => async (): Promise<Running> => {
    const service = await startFilled((path) => addUsers(path, size))
    const { accessToken } = await service.logIn('ada', 'token')
    const { cookie } = await service.logIn('ada', 'cookie')
    const requests = {
      'whoami by cookie': fromPage('GET', '/api/auth/whoami', { cookie }),
      'users/me by bearer': fromPage('GET', '/api/users/me', { authorization: `Bearer ${accessToken}` })
    }
    const cases = Object.entries(requests).map(([name, bytes]) => ({
      subject: `${size}`,
      name,
      server: service,
      bytes
    }))
    return { cases, stop: service.stop }
  }
  return compareSizes(startWith(few), startWith(many))
}

/** Memory during a long run of requests with both transports. */
export async function memory(requests: number) {
  const service = await startService()
  await service.signUp('ada')
  const { cookie } = await service.logIn('ada', 'cookie')
  const both = [await whoamiRequest(service), fromPage('GET', '/api/auth/whoami', { cookie })]
  const client = await openClient(service.port, CONNECTIONS)
  const samples: Record<string, number>[] = []
  const steps = 8
  for (let step = 0; step <= steps; step++) {
    const { rssBytes, heapBytes } = await service.usage(true)
    samples.push({
      requests: (requests / steps) * step,
      'RSS MB': round(rssBytes / MB, 1),
      'heap MB': round(heapBytes / MB, 1)
    })
    if (step === steps) break
    await client.run({ next: (i) => (i < requests / steps ? (both[i % 2] as Buffer) : null) })
  }
  client.close()
  await service.stop()
  return samples
}
