import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { newToken } from '../../../src/features/api-tokens/secret.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { build, logIn, testEnvironment, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { probe } from '../../probe.ts'
import { buildWithRouteList } from '../../route-list.ts'
import { verifyEmail } from '../recovery/mails.ts'
import { bearer, makeToken, outcome, probeWith } from './calls.ts'

t.test('ASVS 8.2.1: an API token opens only routes that declare an ability which it has', async (t) => {
  const { app, routes } = await buildWithRouteList(t, { MAIL_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'a@example.com' })
  const ada = await logIn(app, 'ada')
  await verifyEmail(app, 'ada')
  const token = await makeToken(app, ada, { abilities: ['probe:read'] })
  const isPublic = (schema: object = {}) => 'security' in schema
  const guarded = routes.filter(
    ({ method, schema }) => method !== 'HEAD' && Object.hasOwn(schema?.response ?? {}, 401) && !isPublic(schema)
  )
  t.ok(guarded.length > 20)
  let open = 0
  for (const { method, url, config } of guarded) {
    const reply = await app.inject({
      method: method as 'GET',
      url: url.replace(/:\w+/, ada.sid),
      headers: token.headers
    })
    if (config?.ability === 'probe:read') open++
    else t.equal(outcome(reply), '403 ABILITY_REQUIRED', `${method} ${url}`)
  }
  t.equal(open, 2)
  for (const { url, config } of routes)
    if (/^\/api\/(auth|users|admin)\b/.test(url)) t.equal(config?.ability, undefined, `${url} is for sessions`)

  const check = await call(app, token, 'GET /api/auth/check-auth')
  t.equal(check.statusCode, 200)
  t.strictSame(check.json(), { authenticated: false }, 'an API token is no login')
  t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200, 'the session stays')
})

t.test('an API token is never fresh and never a cookie', async (t) => {
  const app = await buildApp(readSettings(testEnvironment), { write() {} })
  t.teardown(() => app.close())
  await app.register(probe, { prefix: '/api/probe' })
  const onRequest = [app.authenticate, app.requireFresh]
  app.get('/fresh', { config: { ability: 'probe:read' }, onRequest, handler: async () => 'done' })
  const ada = await logIn(app, 'ada')
  const token = await makeToken(app, ada)
  t.equal((await call(app, ada, 'GET /fresh')).statusCode, 200)
  t.equal(outcome(await call(app, token, 'GET /fresh')), '403 REAUTHENTICATION_REQUIRED')
  for (const name of ['__Host-sid', '__Host-refresh', 'sid', 'token'])
    t.equal(await probeWith(app, { headers: { cookie: `${name}=${token.token}` } }), '401 UNAUTHENTICATED', name)
  const refresh = await app.inject({
    method: 'POST',
    url: '/api/auth/token-refresh',
    payload: { refreshToken: token.token }
  })
  t.not(refresh.statusCode, 200)
})

t.test('an API token counts only as it was made, in Authorization: Bearer', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const { token } = await makeToken(app, ada)
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER ${token}`])
    t.equal(await probeWith(app, { headers: { authorization } }), '200', authorization.slice(0, 12))

  const invalid = app.strategies.has('token') ? '401 INVALID_TOKEN' : '401 UNAUTHENTICATED'
  const refused: [string, string][] = [
    [`Bearer ${newToken()}`, '401 INVALID_TOKEN'],
    [`Bearer ${token.slice(0, -1)}`, '401 INVALID_TOKEN'],
    [`Bearer ${token}A`, '401 INVALID_TOKEN'],
    [`Bearer ${token},x`, '401 INVALID_TOKEN'],
    [`Bearer ${token} x`, '401 INVALID_TOKEN'],
    ['Bearer pat_', '401 INVALID_TOKEN'],
    [`Bearer ${token.toUpperCase()}`, invalid],
    [`Bearer  ${token}`, invalid],
    [`Bearer\t${token}`, '401 INVALID_TOKEN'],
    [`Bearer,${token}`, '401 INVALID_TOKEN'],
    [`Bearer ${token.slice(4)}`, invalid],
    [token, '401 UNAUTHENTICATED'],
    [`Token ${token}`, '401 UNAUTHENTICATED'],
    [`Basic1 ${token}`, '401 UNAUTHENTICATED'],
    [`Bearers${token}`, '401 UNAUTHENTICATED'],
    [`Basic ${Buffer.from(`ada:${token}`).toString('base64')}`, '401 UNAUTHENTICATED']
  ]
  for (const [authorization, expected] of refused) {
    const reply = await call(app, { headers: { authorization } }, 'GET /api/probe')
    t.equal(outcome(reply), expected, authorization.replace(token, '…'))
    const challenge = expected.includes('INVALID') ? 'Bearer error="invalid_token"' : 'Bearer'
    t.equal(reply.headers['www-authenticate'], challenge)
  }
  for (const url of [`/api/probe?access_token=${token}`, `/api/probe?token=${token}`])
    t.equal((await app.inject({ method: 'GET', url })).statusCode, 401, 'never in an address')
})

for (const transport of transports) {
  t.test(`a session by ${transport.kind} does as before on a route that declares an ability`, async (t) => {
    const app = await build(t)
    const ada = await logIn(app, 'ada', transport)
    t.equal(outcome(await call(app, ada, 'POST /api/probe', { title: 'a', text: 'b' })), '201')
    t.equal(outcome(await call(app, ada, 'GET /api/probe')), '200')
    t.equal(
      await probeWith(app, bearer('x')),
      app.strategies.has('token') ? '401 INVALID_TOKEN' : '401 UNAUTHENTICATED'
    )
  })
}
