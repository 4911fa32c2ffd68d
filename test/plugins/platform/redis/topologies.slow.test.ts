import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, type LoggedIn, logIn, type Transport, transports } from '../../../build.ts'
import { noRedisProgram } from '../../../redis.ts'
import { cutOff, isMaster, type RedisNode, startCluster, startSentinels } from '../../../redis-topologies.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'

// A master dies, freezes, or is replaced. Meanwhile live sessions are accepted, revoked sessions are refused, and
// every reply is in time, although the new master may lack the latest logouts.

const LIMIT_MS = 1500
const RECOVERY_MS = 5000
/** Enough for each node of the cluster to have some. */
const CROWD = 12

type Kept = LoggedIn & { transport: Transport }

async function whoami(app: FastifyInstance, { headers }: LoggedIn) {
  const begin = performance.now()
  const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  const isLate = performance.now() - begin > LIMIT_MS
  return `${reply.statusCode}${isLate ? ' late' : ''}${reply.headers['set-cookie'] ? ' with a cookie' : ''}`
}

async function logOut(t: Test, app: FastifyInstance, sessions: LoggedIn[]) {
  const replies = []
  for (const { headers } of sessions)
    replies.push(await app.inject({ method: 'POST', url: '/api/auth/logout', headers }))
  t.same(new Set(replies.map(({ statusCode }) => statusCode)), new Set([204]), 'the logouts are acknowledged')
}

/** Checks that two replicas share their counters, whichever nodes hold them. */
async function checkLimits(t: Test, apps: readonly FastifyInstance[], masters: RedisNode[]) {
  for (const name of ['ann', 'ben', 'cid']) {
    const payload = { usernameOrEmail: name, password: 'a wrong password', authType: transports[0]?.kind }
    const statuses = []
    for (let i = 0; i < 6; i++) {
      const reply = await apps[i % 2]?.inject({ method: 'POST', url: '/api/auth/login', payload })
      statuses.push(reply?.statusCode)
    }
    t.same(statuses, [401, 401, 401, 401, 401, 429], name)
  }
  const keys = (await Promise.all(masters.map(({ admin }) => admin.keys('*')))).flat()
  t.ok(keys.filter((key) => key.includes(':throttle:failures')).length >= 3, 'failures are counted in the cluster')
  t.ok(
    keys.some((key) => key.includes(':rate-limit:')),
    'and requests'
  )
}

/** Two replicas of the service on this Redis, with live and revoked sessions. */
async function startService(t: Test, url: string) {
  const environment = { DB_URI: await freshPostgresUri(), REDIS_URL: url, RATE_LIMIT_SHARED: 'true' }
  const apps = [await build(t, environment), await build(t, environment)] as const
  const [first] = apps
  const isUp = () => apps.every((app) => app.circuitBreaker?.isUp())
  await waitUntil(isUp, 'Redis is trusted', 10_000)
  const ended: Kept[] = []
  async function logInAll(name: string) {
    const all: Kept[] = []
    for (const transport of transports) {
      all.push({ ...(await logIn(first, `${name}-${transport.kind}`, transport)), transport })
      for (let i = 1; i < CROWD; i++)
        all.push({ ...(await transport.logIn(first, `${name}-${transport.kind}`)), transport })
    }
    // Each replica has seen them, so they are in its cache.
    for (const app of apps) for (const login of all) if ((await whoami(app, login)) !== '200') t.fail('no login')
    return all
  }
  const live = await logInAll('ada')
  const doomed = await logInAll('eve')
  /** Logs out one in so many of the live sessions, and expects each logout to be acknowledged. */
  async function end(every: number) {
    const sessions = doomed.splice(0).filter((login, i) => i % every === 0 || !doomed.push(login))
    await logOut(t, first, sessions)
    ended.push(...sessions)
  }
  await end(4)

  /** Sends requests with all sessions again and again until `done`; returns the wrong replies. */
  async function watch(done: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000) {
    const wrong = new Set<string>()
    let isDone = false
    const ask = async (app: FastifyInstance) => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        for (const login of [...live, ...doomed])
          wrong.add(`a live login by ${login.transport.kind}: ${await whoami(app, login)}`)
        for (const login of ended) wrong.add(`an ended login by ${login.transport.kind}: ${await whoami(app, login)}`)
      }
    }
    const asking = Promise.all(apps.map(ask))
    try {
      await waitUntil(done, what, timeoutMs)
    } finally {
      isDone = true
      await asking
    }
    const right = transports.flatMap(({ kind }) => [`a live login by ${kind}: 200`, `an ended login by ${kind}: 401`])
    t.same([...wrong].sort(), right.sort(), `while waiting until ${what}`)
  }
  return { apps, isUp, end, watch }
}

const topologies = [
  {
    name: 'a cluster',
    async start() {
      const { masters, replicas, url } = await startCluster()
      return { master: masters[0] as RedisNode, replica: replicas[0] as RedisNode, url }
    }
  },
  { name: 'Sentinels', start: startSentinels }
]

for (const { name, start } of topologies) {
  for (const way of ['is killed', 'freezes']) {
    t.test(
      `ASVS 7.4.1, 13.1.3, 16.5.3: when a master of ${name} ${way}, no revoked session is accepted and nobody is logged out`,
      { skip: noRedisProgram, timeout: 120_000 },
      async (t) => {
        const { master, replica, url } = await start()
        const service = await startService(t, url)
        // These are acknowledged and in SQL, but the future master lacks them.
        await cutOff(replica, master)
        await service.end(2)

        if (way === 'is killed') await master.kill()
        else master.process.kill('SIGSTOP')
        await service.watch(() => isMaster(replica), 'another is master')
        const begin = Date.now()
        await service.watch(service.isUp, 'Redis is trusted again')
        t.ok(Date.now() - begin < RECOVERY_MS, `within ${RECOVERY_MS} ms of the failover`)
        await service.end(2)

        // For a while it still considers itself the master.
        if (way === 'is killed') master.start()
        else master.process.kill('SIGCONT')
        await waitUntil(() => master.admin.ping().then(() => true), 'the old master is back')
        await service.watch(service.isUp, 'Redis is trusted')
        await service.end(1)
        await service.watch(service.isUp, 'Redis is trusted')
      }
    )
  }
}

t.test(
  'ASVS 7.4.1: neither a replica that takes over behind an open connection nor an emptied node revives a session',
  { skip: noRedisProgram, timeout: 120_000 },
  async (t) => {
    const { masters, replicas, url } = await startCluster()
    const [master, emptied] = masters as [RedisNode, RedisNode]
    const [replica] = replicas as [RedisNode]
    const service = await startService(t, url)
    // These are not in SQL, so the reply shows that SQL was not asked.
    const { isRevoked } = service.apps[0] as { isRevoked?: (sid: string) => boolean | Promise<boolean> }
    for (let i = 0; i < 20; i++) t.notOk(await isRevoked?.(randomUUIDv7()))
    await checkLimits(t, service.apps, masters)

    await cutOff(replica, master)
    await service.end(2)
    await replica.admin.cluster('FAILOVER', 'TAKEOVER')
    await service.watch(async () => !(await isMaster(master)), 'the old master follows')
    await service.watch(service.isUp, 'Redis is trusted')
    await service.end(1)

    await emptied.admin.flushall()
    const isFilled = async () => ((await emptied.admin.call('DBSIZE')) as number) > 80
    await service.watch(isFilled, 'the emptied node was told again')
    await service.watch(service.isUp, 'Redis is trusted')
  }
)
