import { randomBytes } from 'node:crypto'
import { Signer } from '@fastify/cookie'
import t from 'tap'
import { buildWithLog, type LogLine, logIn, randomKey } from '../../../build.ts'
import { cookie } from './transport.ts'

const named = (lines: LogLine[], event: string) => lines.filter((line) => line['event'] === event)

t.test('ASVS 16.3.3: a cookie with a bad signature is logged, but an unknown one is not', async (t) => {
  const key = randomKey()
  const { app, lines } = await buildWithLog(t, { SECRET_KEY: key })
  const value = randomBytes(24).toString('base64url')
  const whoami = (value: string) =>
    app.inject({ method: 'GET', url: '/api/auth/whoami', headers: { cookie: `__Host-sid=${value}` } })

  const unknown = await whoami(encodeURIComponent(new Signer(key).sign(value)))
  t.equal(unknown.statusCode, 401)
  t.same(named(lines, 'session_signature_fail'), [])

  const forged = await whoami(encodeURIComponent(new Signer(randomKey()).sign(value)))
  t.equal(forged.statusCode, 401)
  t.match(named(lines, 'session_signature_fail'), [{ level: 'warn', ip: '127.0.0.1', requestId: String }])
  t.notMatch(JSON.stringify(lines), new RegExp(value))
})

t.test('ASVS 16.3.3: the cookie of an ended session is logged, with its user and why the session ended', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { user, sid, headers } = await logIn(app, 'ada', cookie)
  await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
  await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })

  const said = named(lines, 'session_use_after_expire')
  t.match(said, [{ level: 'warn', userId: user.id, sid, kind: 'cookie', reason: 'logout' }])
  t.equal(said.length, 1)
})

t.test('ASVS 16.3.3: attempts of a foreign page with a cookie are logged, including logins', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { headers } = await logIn(app, 'ada', cookie)
  const origin = 'https://evil.example.com'
  const payload = { usernameOrEmail: 'ada', password: 'x', authType: 'cookie' }

  await app.inject({ method: 'POST', url: '/api/auth/logout', headers: { ...headers, origin } })
  t.match(named(lines, 'malicious_csrf'), [{ level: 'warn', ip: '127.0.0.1' }])
  await app.inject({ method: 'POST', url: '/api/auth/login', headers: { origin }, payload })
  t.equal(named(lines, 'malicious_csrf').length, 2)
  await app.inject({ method: 'POST', url: '/api/auth/login', payload })
  t.equal(named(lines, 'malicious_csrf').length, 2)
})
