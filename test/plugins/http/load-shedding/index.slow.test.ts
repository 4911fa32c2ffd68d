import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { Environment } from '../../../../src/plugins/platform/config/settings.ts'
import { buildWithLog } from '../../../build.ts'
import { waitUntil } from '../../../servers.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'

const ORIGIN = 'https://app.example'

/** An app that listens, and a function that sends a GET from a page of a listed origin. */
async function listening(t: Test, environment: Environment) {
  const { app, lines } = await buildWithLog(t, { CORS_API_ORIGINS: ORIGIN, ...environment })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const get = (path: string) => fetch(url + path, { headers: { origin: ORIGIN } })
  return { app, lines, url, get }
}

/** Makes each turn of the event loop take this long, until stopped. */
function slowDown(t: Test, ms: number) {
  let timer: NodeJS.Timeout
  function turn() {
    const end = performance.now() + ms
    while (performance.now() < end) Math.random()
    timer = setTimeout(turn, 0)
  }
  turn()
  const stop = () => clearTimeout(timer)
  t.teardown(stop)
  return stop
}

t.test(
  'ASVS 15.2.2: while the event loop is late, requests are refused and probes are answered, and then it recovers',
  async (t) => {
    const { app, lines, url, get } = await listening(t, { MAX_EVENT_LOOP_DELAY_MS: '100' })

    const recover = slowDown(t, 300)
    t.equal((await get('/api/auth')).status, 200, 'what has just started is late, and refuses nothing')
    await waitUntil(async () => (await get('/api/auth')).status === 503, 'it refuses', 20_000)

    const refused = await get('/api/auth/whoami')
    t.equal(refused.status, 503)
    t.match(await refused.json(), { title: 'Service Unavailable', status: 503, code: 'SERVICE_UNAVAILABLE' })
    for (const [name, value] of [
      ['content-type', 'application/problem+json; charset=utf-8'],
      ['retry-after', '5'],
      ['x-content-type-options', 'nosniff'],
      ['cache-control', 'no-store'],
      ['access-control-allow-origin', ORIGIN]
    ] as const) {
      t.equal(refused.headers.get(name), value, name)
    }
    t.match(refused.headers.get('access-control-expose-headers'), /Retry-After/)
    t.equal((await get('/no/such/path')).status, 503, 'nor does it look for what is not there')
    for (const probe of ['/livez', '/readyz']) t.equal((await get(probe)).status, 200, probe)
    const preflight = { origin: ORIGIN, 'access-control-request-method': 'POST' }
    const options = await fetch(`${url}/api/auth/login`, { method: 'OPTIONS', headers: preflight })
    t.equal(options.status, 204, 'else no page could read the 503')

    recover()
    await waitUntil(async () => (await get('/api/auth')).status === 200, 'it serves again', 5000)
    await waitUntil(() => lines.some(({ event }) => event === 'overload_end'), 'and says so')
    const events = lines.filter(({ event }) => `${event}`.startsWith('overload'))
    t.match(events, [
      { event: 'overload_begin', level: 'warn' },
      { event: 'overload_end', level: 'info' }
    ])
    t.equal(events.length, 2, 'one line for each change')
    t.equal(events[1]?.['refused'], app.shedRequests())
    t.ok(app.shedRequests() >= 3)
    t.notOk(
      lines.some(({ level }) => level === 'error'),
      'a refusal is no fault'
    )
    t.equal(lines.filter(({ status }) => status === 503).length, app.shedRequests(), 'each has its line as a request')
  }
)

t.test('MAX_EVENT_LOOP_DELAY_MS=0 turns load shedding off', async (t) => {
  const { app, get } = await listening(t, { MAX_EVENT_LOOP_DELAY_MS: '0' })
  slowDown(t, 300)
  for (let i = 0; i < 15; i++) t.equal((await get('/api/auth')).status, 200)
  t.equal(app.shedRequests(), 0)
})

t.test('slow work before listening, such as reading a million revoked sessions, causes no refusal', async (t) => {
  const addSlowStart = (app: FastifyInstance) =>
    app.addHook('onReady', async () => {
      const stop = slowDown(t, 300)
      await sleep(4000)
      stop()
    })
  const { app } = await buildWithRoutes(t, addSlowStart, { MAX_EVENT_LOOP_DELAY_MS: '100' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  for (let i = 0; i < 5; i++) t.equal((await app.inject({ method: 'GET', url: '/api/auth' })).statusCode, 200)
})
