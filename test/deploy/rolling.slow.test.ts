import t, { type Test } from 'tap'
import { PASSWORD, transports } from '../build.ts'
import { freshFolder, settled, signUpBy, startListening } from '../process.ts'
import { redisIfAvailable } from '../redis.ts'
import { freePort, freshPostgresUri, waitUntil } from '../servers.ts'
import { createClient, type Sent } from './client.ts'
import { type Nginx, noNginx, startNginx } from './nginx.ts'

// The setup of compose.yaml: three replicas on PostgreSQL and Redis behind nginx, restarted one after another.

const CLIENTS = 8

/** Users who log in, work, refresh, and log out again and again; collects what went wrong. */
function startLoad(t: Test, proxy: Nginx) {
  const failures: string[] = []
  const counts: Record<string, number> = {}
  let isOver = false
  const agents = Array.from({ length: CLIENTS }, (_, i) => createClient(proxy, `127.0.0.${10 + i}`))
  t.teardown(() => {
    for (const agent of agents) agent.close()
  })

  async function use(i: number) {
    const { kind } = transports[i % transports.length] ?? { kind: 'cookie' }
    const client = agents[i] as (typeof agents)[number]
    let headers: Record<string, string> = {}
    let refreshToken = ''
    async function expect(status: number, path: string, sent: Sent = {}) {
      const name = `${sent.method ?? 'GET'} ${path}`
      counts[name] = (counts[name] ?? 0) + 1
      const answer = await client.call(path, { ...sent, headers }).catch((error) => ({ status: 0, text: `${error}` }))
      if (answer.status !== status)
        failures.push(`${new Date().toISOString()} ${name} ${kind}: ${answer.status} ${answer.text}`)
      return answer as Awaited<ReturnType<typeof client.call>>
    }
    function take(answer: Awaited<ReturnType<typeof client.call>>) {
      if (answer.status !== 200) return
      const { accessToken, refreshToken: next } = JSON.parse(answer.text)
      headers = accessToken
        ? { authorization: `Bearer ${accessToken}` }
        : { cookie: `${answer.headers['set-cookie']}`.split(';')[0] ?? '' }
      refreshToken = next
    }
    const body = { usernameOrEmail: `user${i}`, password: PASSWORD, authType: kind }
    while (!isOver) {
      headers = {}
      take(await expect(200, '/api/auth/login', { method: 'POST', body }))
      for (let round = 0; round < 10 && !isOver; round++) {
        await expect(200, '/api/auth/whoami')
        await expect(200, '/api/users/me')
        await expect(200, '/api/users/me', { method: 'PATCH', body: { name: `${round}` } })
        if (refreshToken) take(await expect(200, '/api/auth/token-refresh', { method: 'POST', body: { refreshToken } }))
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      await expect(204, '/api/auth/logout', { method: 'POST' })
    }
  }
  const users = Array.from({ length: CLIENTS }, (_, i) => use(i))
  return {
    failures,
    async end() {
      isOver = true
      await Promise.all(users)
      return counts
    }
  }
}

t.test(
  'a rolling restart of three replicas loses no request and no login',
  { skip: noNginx, timeout: 150_000 },
  async (t) => {
    const folder = freshFolder(t)
    const ports = [await freePort(), await freePort(), await freePort()]
    const environment = {
      ...settled,
      DB_URI: await freshPostgresUri(),
      DB_MIGRATE: 'auto',
      ...(await redisIfAvailable()),
      TRUST_PROXY: '127.0.0.1/32',
      COOKIE_SECURE: 'true',
      SHUTDOWN_DELAY: '4s',
      RATE_LIMIT_MAX: '1000000'
    }
    const startReplica = (i: number) => startListening(t, folder, { ...environment, PORT: `${ports[i]}` })
    const replicas = await Promise.all([0, 1, 2].map(startReplica))
    const proxy = await startNginx(t, ports)
    // The health check of compose.yaml.
    const poll = setInterval(() => {
      for (let i = 0; i < 6; i++)
        fetch(`${proxy.statusUrl}/readyz`)
          .then((reply) => reply.text())
          .catch(() => {})
    }, 1000)
    t.teardown(() => clearInterval(poll))
    for (let i = 0; i < CLIENTS; i++) await signUpBy(replicas[0]?.url ?? '', `user${i}`)

    const load = startLoad(t, proxy)
    for (let i = 0; i < ports.length; i++) {
      const replica = replicas[i] as (typeof replicas)[number]
      replica.child.kill('SIGTERM')
      t.equal(await replica.exited, 0, replica.output().slice(-500))
      const successor = await startReplica(i)
      replicas[i] = successor
      await waitUntil(
        () => successor.output().includes('"route":"/api/users/me"'),
        'nginx sends it requests again',
        20_000
      )
    }
    const counts = await load.end()
    t.comment(JSON.stringify(counts))
    t.strictSame(load.failures, [])
    if (load.failures.length) t.comment(proxy.output())
  }
)
