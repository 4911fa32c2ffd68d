import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { openClient } from './client.ts'
import { quantile, round, type Spread, spread } from './figures.ts'
import { SERVER_CORE, startProcess } from './process.ts'
import { addRevoked, addUsers } from './rows.ts'
import { fromPage, ORIGIN, PASSWORD, type Service, startService, type Tokens } from './service.ts'

// What a table of single requests does not show.

const MB = 1024 * 1024
const CONNECTIONS = 32
const seconds = (count: number) => count * 1000
const subject = (name: string) => join(import.meta.dirname, 'subjects', `${name}.ts`)

/** CPU time and latency of one request that is repeated. */
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

/** Time until it listens, and its memory when idle, against bare Fastify: starts that alternate. */
export async function startUp(rounds: number) {
  const starts: { oursMs: number; bareMs: number; oursMb: number; bareMb: number }[] = []
  for (let i = 0; i < rounds; i++) {
    const bare = await startProcess(subject('bare'), { core: SERVER_CORE })
    const ours = await startService()
    const [bareUsage, oursUsage] = [await bare.usage(true), await ours.usage(true)]
    const [oursMb, bareMb] = [oursUsage.rssBytes / MB, bareUsage.rssBytes / MB]
    starts.push({ oursMs: ours.startMs, bareMs: bare.startMs, oursMb, bareMb })
    await bare.stop()
    await ours.stop()
  }
  const middle = (pick: (start: (typeof starts)[number]) => number) => round(quantile(starts.map(pick), 0.5), 1)
  return {
    oursMs: middle(({ oursMs }) => oursMs),
    bareMs: middle(({ bareMs }) => bareMs),
    timeRatio: rounded(spread(starts.map(({ oursMs, bareMs }) => oursMs / bareMs))),
    oursMb: middle(({ oursMb }) => oursMb),
    bareMb: middle(({ bareMb }) => bareMb),
    memoryRatio: rounded(spread(starts.map(({ oursMb, bareMb }) => oursMb / bareMb)))
  }
}

const rounded = ({ median, min, max }: Spread) => ({ median: round(median), min: round(min), max: round(max) })

/** A user of whom `logins` tokens are there, one for each connection. */
async function manyLogins(service: Service, count: number) {
  const logins: Tokens[] = []
  for (let i = 0; i < count; i++) logins.push(await service.logIn('ada', 'token', `10.1.${i >> 8}.${i & 255}`))
  return logins
}

/** The calls that write: one of each client at a time, on SQLite. */
export async function writes(forMs: number) {
  // Without a grace period each refresh rotates; with the usual one most repeat what was given.
  const service = await startService({ REFRESH_GRACE: '0' })
  await service.signUp('ada')
  const client = await openClient(service.port, 4)
  const address = (i: number) => ({
    'x-forwarded-for': `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
    origin: ORIGIN
  })

  async function run(next: (i: number) => Buffer, statuses: number[], onReply?: (reply: { body: string }) => void) {
    const before = await service.usage()
    const { requests, times, seconds } = await client.run({ next, forMs, statuses, ...(onReply && { onReply }) })
    const after = await service.usage()
    return {
      perSecond: Math.round(requests / seconds),
      cpuUs: Math.round((after.cpuUs - before.cpuUs) / requests),
      p50Ms: round(quantile(times, 0.5)),
      p99Ms: round(quantile(times, 0.99))
    }
  }

  const free = (await manyLogins(service, 8)).map(({ refreshToken }) => refreshToken)
  const refresh = await run(
    (i) => fromPage('POST', '/api/auth/token-refresh', address(i), { refreshToken: free.shift() ?? '' }),
    [200],
    ({ body }) => void free.push((JSON.parse(body) as Tokens).refreshToken)
  )
  const run_ = randomUUIDv7().slice(-6)
  const signUp = await run(
    (i) => {
      const username = `u${run_}${i}`
      const body = { username, email: `${username}@example.com`, name: 'A user', password: PASSWORD }
      return fromPage('POST', '/api/auth/signup', address(i), body)
    },
    [201]
  )
  const login = await run(
    (i) => {
      const body = { usernameOrEmail: `u${run_}${i}`, password: PASSWORD, authType: 'token' }
      return fromPage('POST', '/api/auth/login', address(i), body)
    },
    [200, 401]
  )
  client.close()
  await service.stop()
  return { refresh, signUp, login }
}

/** Logins a second against hashes a second of argon2id alone, both on all cores, in rounds that alternate. */
export async function loginRate(rounds: number, forMs: number) {
  const service = await startService({}, null)
  const users = 400
  for (let i = 0; i < users; i++) await service.signUp(`user${i}`, `10.2.${i >> 8}.${i & 255}`)
  const client = await openClient(service.port, 6)
  const argon2 = await startProcess(subject('argon2'), { core: null })
  const pairs: { logins: number; hashes: number }[] = []
  let next = 0
  for (let i = 0; i < rounds; i++) {
    const { requests, seconds } = await client.run({
      next: () => {
        const user = next++ % users
        const body = { usernameOrEmail: `user${user}`, password: PASSWORD, authType: 'token' }
        const from = { 'x-forwarded-for': `10.3.${(next >> 8) & 255}.${next & 255}`, origin: ORIGIN }
        return fromPage('POST', '/api/auth/login', from, body)
      },
      forMs
    })
    const reply = await fetch(`${argon2.url}/?ms=${forMs}`)
    const { hashes } = (await reply.json()) as { hashes: number }
    pairs.push({ logins: requests / seconds, hashes })
  }
  client.close()
  await service.stop()
  await argon2.stop()
  return {
    loginsPerSecond: round(
      quantile(
        pairs.map(({ logins }) => logins),
        0.5
      ),
      1
    ),
    hashesPerSecond: round(
      quantile(
        pairs.map(({ hashes }) => hashes),
        0.5
      ),
      1
    ),
    ratio: rounded(spread(pairs.map(({ logins, hashes }) => logins / hashes)))
  }
}

/** whoami by token while more logins come than one core can hash. */
export async function whoamiUnderLogins(forMs: number) {
  const service = await startService()
  const users = 50
  for (let i = 0; i < users; i++) await service.signUp(`user${i}`, `10.2.${i >> 8}.${i & 255}`)
  const whoami = await whoamiRequest(service, 'user0')
  const [asking, crowd] = [await openClient(service.port, 2), await openClient(service.port, 40)]
  let isOver = false
  let sent = 0
  const logins = crowd.run({
    next: () => {
      if (isOver) return null
      const user = sent++ % users
      const from = { 'x-forwarded-for': `10.4.${(sent >> 8) & 255}.${sent & 255}`, origin: ORIGIN }
      return fromPage('POST', '/api/auth/login', from, {
        usernameOrEmail: `user${user}`,
        password: PASSWORD,
        authType: 'token'
      })
    },
    statuses: [200, 503]
  })
  await new Promise((resolve) => setTimeout(resolve, seconds(1)))
  const { requests, times } = await asking.run({ next: () => whoami, forMs })
  isOver = true
  await logins
  asking.close()
  crowd.close()
  await service.stop()
  return {
    requests,
    p50Ms: round(quantile(times, 0.5)),
    p99Ms: round(quantile(times, 0.99)),
    longestMs: round(Math.max(...times))
  }
}

/** What so many kept-alive connections cost that say nothing, and what a request costs beside them. */
export async function idleCrowd(connections: number, forMs: number) {
  const service = await startService()
  await service.signUp('ada')
  const bytes = await whoamiRequest(service)
  const alone = await measure(service, bytes, forMs)
  const before = await service.usage(true)
  const crowd = await openClient(service.port, connections)
  // Each has asked once, as a browser has.
  let asked = 0
  await crowd.run({ next: () => (asked++ < connections ? bytes : null) })
  const after = await service.usage(true)
  const beside = await measure(service, bytes, forMs)
  const { cpuUs: start } = await service.usage()
  await new Promise((resolve) => setTimeout(resolve, seconds(3)))
  const { cpuUs: end } = await service.usage()
  crowd.close()
  await service.stop()
  return {
    connections,
    kbEach: round((after.rssBytes - before.rssBytes) / connections / 1024, 1),
    idleCpuPercent: round(((end - start) / seconds(3000)) * 100, 1),
    aloneUs: round(alone.cpuUs, 1),
    besideUs: round(beside.cpuUs, 1),
    besideP99Ms: round(beside.p99Ms)
  }
}

/** whoami by token with so many revoked logins on the blocklist, and what an entry weighs. */
export async function blocklistSizes(sizes: readonly number[], forMs: number) {
  const found = []
  let emptyHeap = 0
  for (const size of sizes) {
    const first = await startService()
    await first.signUp('ada')
    await first.stop()
    addRevoked(`${first.folder}/app.db`, size)
    const service = await startService(first.settings)
    const { heapBytes } = await service.usage(true)
    if (size === sizes[0]) emptyHeap = heapBytes
    const { cpuUs, p99Ms } = await measure(service, await whoamiRequest(service), forMs)
    await service.stop()
    const bytesEach = size === sizes[0] ? null : Math.round((heapBytes - emptyHeap) / size)
    found.push({
      entries: size,
      startMs: Math.round(service.startMs),
      cpuUs: round(cpuUs, 1),
      p99Ms: round(p99Ms),
      bytesEach
    })
  }
  return found
}

/** The calls that read or write SQL, with so many users and as many live logins in the file. */
export async function populations(sizes: readonly number[], forMs: number) {
  const found = []
  for (const size of sizes) {
    const service = await startService()
    addUsers(`${service.folder}/app.db`, size)
    await service.signUp('ada')
    const { accessToken } = await service.logIn('ada', 'token')
    const { cookie } = await service.logIn('ada', 'cookie')
    const cookieCheck = await measure(service, fromPage('GET', '/api/auth/whoami', { cookie }), forMs)
    const authorization = `Bearer ${accessToken}`
    const me = await measure(service, fromPage('GET', '/api/users/me', { authorization }), forMs)
    await service.stop()
    found.push({
      usersAndLogins: size,
      whoamiByCookieUs: round(cookieCheck.cpuUs, 1),
      meByBearerUs: round(me.cpuUs, 1)
    })
  }
  return found
}

/** Memory over a long run of requests by both transports. */
export async function memory(requests: number) {
  const service = await startService()
  await service.signUp('ada')
  const { cookie } = await service.logIn('ada', 'cookie')
  const both = [await whoamiRequest(service), fromPage('GET', '/api/auth/whoami', { cookie })]
  const client = await openClient(service.port, CONNECTIONS)
  const samples: { requests: number; rssMb: number; heapMb: number }[] = []
  const steps = 8
  for (let step = 0; step <= steps; step++) {
    const { rssBytes, heapBytes } = await service.usage(true)
    samples.push({
      requests: (requests / steps) * step,
      rssMb: round(rssBytes / MB, 1),
      heapMb: round(heapBytes / MB, 1)
    })
    if (step === steps) break
    await client.run({ next: (i) => (i < requests / steps ? (both[i % 2] as Buffer) : null) })
  }
  client.close()
  await service.stop()
  return samples
}
