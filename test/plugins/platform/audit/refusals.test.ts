import t from 'tap'
import { buildWithLog, type LogLine } from '../../../build.ts'
import { recordedEvents } from '../../../features/events/recorded.ts'
import { waitUntil } from '../../../servers.ts'

// Refusals of unauthenticated requests are only logged: otherwise anyone could fill the database with them.
const named = (lines: LogLine[], event: string) => lines.filter((line) => line['event'] === event)

t.test('ASVS 16.3.3: invalid members of a body are logged by name, never by value', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const payload = { username: 'a', email: 'hunter22', name: 'Ada', password: 'hunter22' }
  await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
  await app.inject({ method: 'POST', url: '/api/auth/signup', payload: { hunter22: 1 } })
  const failed = named(lines, 'input_validation_fail')
  t.match(failed[0], { level: 'info', pointers: ['/username'], ip: '127.0.0.1', requestId: /./ })
  t.equal(failed.length, 2)
  t.notMatch(JSON.stringify(lines), /"hunter22"|hunter22@/)
  t.same(await recordedEvents(app), [])
})

t.test('only the first rate limit refusal of a client per window is logged', async (t) => {
  const { app, lines } = await buildWithLog(t, { RATE_LIMIT_MAX: '2', TRUST_PROXY: '127.0.0.1' })
  for (const from of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.2']) {
    await app.inject({ method: 'GET', url: '/api/auth', headers: { 'x-forwarded-for': from } })
  }
  t.match(named(lines, 'excess_rate_limit_exceeded'), [
    { level: 'warn', ip: '192.0.2.1' },
    { level: 'warn', ip: '192.0.2.2' }
  ])
  t.equal(named(lines, 'excess_rate_limit_exceeded').length, 2)
})

t.test('a client that is refused is logged again in its next window', async (t) => {
  const { app, lines } = await buildWithLog(t, { RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW: '1s' })
  await waitUntil(async () => {
    await app.inject({ method: 'GET', url: '/api/auth' })
    return named(lines, 'excess_rate_limit_exceeded').length === 2
  }, 'a second refusal is logged')
  const refused = lines.filter((line) => line['status'] === 429)
  t.ok(refused.length > 2, 'of more refusals')
})

t.test('a preflight request from an origin that is not allowed is logged', async (t) => {
  const { app, lines } = await buildWithLog(t, { CORS_API_ORIGINS: 'https://app.example.com' })
  for (const origin of ['https://app.example.com', 'https://evil.example.com']) {
    const headers = { origin, 'access-control-request-method': 'DELETE' }
    await app.inject({ method: 'OPTIONS', url: '/api/users/me', headers })
    await app.inject({ method: 'GET', url: '/api/auth', headers: { origin } })
  }
  t.equal(named(lines, 'malicious_cors').length, 1)
  t.match(named(lines, 'malicious_cors'), [{ level: 'warn', ip: '127.0.0.1' }])
})
