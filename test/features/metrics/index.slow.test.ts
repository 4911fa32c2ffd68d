import { connect } from 'node:net'
import { Counter } from '@prometheus-io/client'
import t from 'tap'
import { HASHES_AT_ONCE } from '../../../src/plugins/identity/users/passwords.ts'
import { buildWithLog, logIn, PASSWORD, signUp, transports } from '../../build.ts'
import { startPostgres, waitUntil } from '../../servers.ts'
import { buildMeasured } from './scrape.ts'

t.test('ASVS 13.4.5: metrics are served at /metrics on a port of their own, which serves nothing else', async (t) => {
  const { app, url, metricsPort, scrape } = await buildMeasured(t)
  const { reply, text } = await scrape()
  t.equal(reply.status, 200)
  t.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.match(text, /^# TYPE http_request_duration_seconds histogram$/m)
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'not where the API is')
  for (const path of ['/', '/metrics/', '/livez', '/api/auth']) {
    t.equal((await fetch(`http://127.0.0.1:${metricsPort}${path}`)).status, 404, path)
  }
  t.equal((await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { method: 'POST' })).status, 404)
  await app.close()
  await t.rejects(scrape(), 'it ends with the service')
})

t.test(
  'ASVS 14.2.1, 16.2.5: requests are counted by method, route pattern, and status, never by user input',
  async (t) => {
    const { app, url, scrape } = await buildMeasured(t, { CORS_API_ORIGINS: 'https://app.example' })
    const { headers } = await logIn(app, 'ada')
    await fetch(`${url}/api/users/me`, { headers })
    await fetch(`${url}/api/users/me?hunter2=hunter2`)
    await fetch(`${url}/api/auth/sessions/01890a5d-ac96-774b-bcce-b302099a8057`, { method: 'DELETE', headers })
    await fetch(`${url}/hunter2`, { method: 'PUT' })
    await fetch(`${url}/livez`, { method: 'HEAD' })
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'PUT' }
    await fetch(`${url}/api/users/me/password`, { method: 'OPTIONS', headers: preflight })
    const { values, text } = await scrape()
    const count = (method: string, route: string, status: number) =>
      values[`http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`]
    t.equal(count('GET', '/api/users/me', 200), 1)
    t.equal(count('GET', '/api/users/me', 401), 1)
    t.equal(count('DELETE', '/api/auth/sessions/:id', 404), 1)
    t.equal(count('PUT', 'none', 404), 1)
    t.equal(count('HEAD', '/livez', 200), 1)
    t.equal(count('OPTIONS', '*', 204), 1)
    t.equal(count('POST', '/api/auth/login', 200), 1)
    t.notMatch(text, /hunter2|01890a5d|ada/)
    const label = '{le="+Inf",method="POST",route="/api/auth/login",status="200"}'
    t.equal(values[`http_request_duration_seconds_bucket${label}`], 1)
  }
)

t.test('requests in flight and aborted requests are counted', async (t) => {
  const release = Promise.withResolvers<void>()
  const { app, url, values } = await buildMeasured(t)
  // The service is ready, so the wait is in a query of a route.
  app.passwords.verify = async () => {
    await release.promise
    return false
  }
  const login = JSON.stringify({ usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind })
  const inFlight = async () => (await values())['http_requests_in_flight']
  t.equal(await inFlight(), 0)
  const headers = { 'content-type': 'application/json' }
  const waiting = fetch(`${url}/api/auth/login`, { method: 'POST', headers, body: login })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const head = `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${login.length}`
  socket.write(`${head}\r\n\r\n${login}`)
  await waitUntil(async () => (await inFlight()) === 2, 'both wait')
  socket.destroy()
  await waitUntil(async () => (await inFlight()) === 1, 'one is gone')
  release.resolve()
  t.equal((await waiting).status, 401)
  const after = await values()
  t.equal(after['http_requests_in_flight'], 0)
  t.equal(after['http_requests_aborted_total'], 1)
})

t.test('all security events start at 0 and are counted', async (t) => {
  const { app, url, values } = await buildMeasured(t)
  t.equal((await values())['security_events_total{event="user_created"}'], 0)
  await signUp(app, 'ada')
  await fetch(`${url}/api/auth/login`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  const after = await values()
  t.equal(after['security_events_total{event="user_created"}'], 1)
  t.equal(after['security_events_total{event="input_validation_fail"}'], 1, 'those too that are only logged')
})

for (const { kind } of transports) {
  t.test(`logins and reauthentications by ${kind} are counted by result`, async (t) => {
    const { app, values } = await buildMeasured(t)
    const transport = transports.find((one) => one.kind === kind)
    const { headers } = await logIn(app, 'ada', transport)
    const payload = { usernameOrEmail: 'ada', password: `not ${PASSWORD}`, authType: kind }
    await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    await app.inject({ method: 'POST', url: '/api/auth/login', payload: { ...payload, usernameOrEmail: 'nobody' } })
    const again = { method: 'POST', url: '/api/auth/reauthenticate', headers } as const
    await app.inject({ ...again, payload: { password: payload.password } })
    t.ok((await app.inject({ ...again, payload: { password: PASSWORD } })).statusCode < 300)
    const after = await values()
    t.equal(after[`logins_total{kind="${kind}",result="success"}`], 2)
    t.equal(after[`logins_total{kind="${kind}",result="failure"}`], 3)
    const others = Object.entries(after).filter(([name]) => name.startsWith('logins_total') && !name.includes(kind))
    t.ok(others.every(([, count]) => count === 0))
  })
}

t.test('the hash queue reports how many hashes are running, waiting, and rejected', async (t) => {
  const { app, values } = await buildMeasured(t)
  const hashes = Promise.allSettled(Array.from({ length: 140 }, () => app.passwords.hash(PASSWORD)))
  const busy = await values()
  t.equal(busy['password_hashes{state="running"}'], HASHES_AT_ONCE)
  t.equal(busy['password_hashes_refused_total'], 140 - 128 - HASHES_AT_ONCE, 'of those that found no place')
  t.ok((busy['password_hashes{state="waiting"}'] ?? 0) > 0)
  await hashes
  const idle = await values()
  t.equal(idle['password_hashes{state="running"}'], 0)
  t.equal(idle['password_hashes{state="waiting"}'], 0)
})

t.test('the database is 1 while available and 0 during an outage, and the scrape is answered', async (t) => {
  const postgres = await startPostgres()
  const { values } = await buildMeasured(t, { DB_URI: await postgres.createDatabase() })
  const name = 'dependency_up{dependency="database"}'
  t.equal((await values())[name], 1)
  await postgres.stop()
  const down = await values()
  t.equal(down[name], 0)
  t.ok('http_requests_in_flight' in down, 'with everything else')
  await postgres.start()
  await waitUntil(async () => (await values())[name] === 1, 'it is back')
})

t.test('the process reports its CPU time, memory, and event loop delay', async (t) => {
  const { values } = await buildMeasured(t)
  const before = await values()
  let after = before
  await waitUntil(async () => {
    // Measured in CPU time: on a busy machine, this process gets only part of the wall time.
    const begin = process.cpuUsage()
    while (process.cpuUsage(begin).user < 120_000) Math.random()
    after = await values()
    return (after['nodejs_eventloop_lag_max_seconds'] ?? 0) >= 0.1
  }, 'that it was late')
  const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
  t.ok(grown('process_cpu_seconds_total') >= 0.05)
  t.ok(grown('nodejs_eventloop_active_seconds_total') >= 0.1)
  t.ok((after['nodejs_eventloop_lag_max_seconds'] ?? 9) < 9)
  t.ok((after['process_resident_memory_bytes'] ?? 0) > 1e7)
  t.ok(Math.abs((after['process_start_time_seconds'] ?? 0) - (Date.now() / 1000 - process.uptime())) < 5)
})

t.test('custom metrics are served too', async (t) => {
  const { app, values } = await buildMeasured(t)
  const registers = app.metrics ? [app.metrics] : []
  new Counter({ name: 'notes_written_total', help: 'Notes', registers }).inc(3)
  t.equal((await values())['notes_written_total'], 3)
})

t.test('a metric that cannot be collected is a 500 and a log line, and does not affect the next scrape', async (t) => {
  const { app, lines, scrape } = await buildMeasured(t)
  const { load } = app.passwords
  app.passwords.load = () => {
    throw new Error('not now')
  }
  t.equal((await scrape()).reply.status, 500)
  const line = lines.find(({ msg }) => msg === 'could not collect metrics')
  t.match(line, { level: 'error', err: { message: 'not now' } })
  app.passwords.load = load
  t.equal((await scrape()).reply.status, 200)
})

t.test('if the port is taken, that is logged, and the service runs without metrics', async (t) => {
  const { metricsPort } = await buildMeasured(t)
  const { app, lines } = await buildWithLog(t, { METRICS_PORT: `${metricsPort}` })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await waitUntil(
    () => lines.some(({ msg }) => /^could not serve metrics: METRICS_PORT is taken/.test(`${msg}`)),
    'it is said'
  )
  t.equal((await app.inject({ method: 'GET', url: '/livez' })).statusCode, 200)
})
