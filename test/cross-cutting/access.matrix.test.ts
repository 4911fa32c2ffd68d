import { createServer } from 'node:http'
import t from 'tap'
import { allRows, build, logIn, someBackends, transports } from '../build.ts'
import { call } from '../plugins/identity/auth/calls.ts'
import { buildWithRouteList } from '../route-list.ts'
import { freePort } from '../servers.ts'

for (const backend of someBackends) {
  t.test(`ASVS 6.3.2: a new database has no account, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    t.strictSame(await app.users.list(), [])
    for (const usernameOrEmail of ['admin', 'root', 'test', 'user', 'guest', 'admin@example.com', 'postgres']) {
      const payload = { usernameOrEmail, password: usernameOrEmail, authType: transports[0]?.kind }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
      t.equal(reply.statusCode, 401, usernameOrEmail)
    }
  })
}

t.test('ASVS 6.1.3, 14.2.1: a credential only counts in its own place', async (t) => {
  const app = await build(t)
  for (const transport of transports) {
    const { headers, body } = await logIn(app, `ada-${transport.kind}`, transport)
    const [value = ''] = Object.values(headers)
    const bare = body['accessToken'] ?? value.replace(/^[^=]*=/, '')
    const odd: { headers?: Record<string, string>; query?: Record<string, string> }[] = [
      { query: { access_token: bare } },
      { query: { token: bare, sid: bare, authorization: value } },
      { headers: { 'x-access-token': bare, 'x-authorization': value, 'x-user-id': 'anybody' } },
      {
        headers: {
          authorization: `Basic ${Buffer.from(`ada-${transport.kind}:a long first password`).toString('base64')}`
        }
      },
      { headers: { authorization: bare } },
      { headers: { authorization: `Token ${bare}` } },
      { headers: { cookie: `token=${bare}; access_token=${bare}; session=${bare}` } }
    ]
    for (const parts of odd) {
      const reply = await app.inject({ method: 'GET', url: '/api/users/me', ...parts })
      t.equal(`${reply.statusCode} ${reply.json().code}`, '401 UNAUTHENTICATED', JSON.stringify(parts).slice(0, 60))
      t.match(reply.headers['www-authenticate'], /^Bearer/)
    }
  }
})

t.test('ASVS 14.2.5: a made-up suffix is always 404', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  for (const path of [
    '/api/users/me/x.css',
    '/api/users/me.css',
    '/api/users/me/',
    '/api/users/me;x.js',
    '/api/users/me%2fx.png',
    '/API/users/me',
    '//api/users/me'
  ])
    t.equal((await call(app, ada, `GET ${path}`)).statusCode, 404, path)
})

t.test('ASVS 3.5.3: safe methods change nothing on any route', async (t) => {
  const { app, routes } = await buildWithRouteList(t)
  const ada = await logIn(app, 'ada')
  await call(app, ada, 'POST /api/probe', { title: 'a', text: 'b' })
  const before = await allRows(app)
  t.ok(routes.length > 20)
  for (const { url } of routes) {
    for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
      const path = url.replace(/:\w+/, ada.sid).replace('*', '')
      // Some replies never end by themselves.
      const reply = await app.inject({ method, url: path, headers: ada.headers, payloadAsStream: true })
      t.ok(reply.statusCode < 500, `${method} ${path}`)
      reply.stream().destroy()
    }
  }
  t.strictSame(await allRows(app), before)
  t.equal((await call(app, ada, 'GET /api/auth/logout')).statusCode, 405)
})

t.test('ASVS 1.3.6: a client cannot make the service send a request', async (t) => {
  let asked = 0
  const port = await freePort()
  const server = createServer((_request, reply) => {
    asked++
    reply.end()
  }).listen(port, '127.0.0.1')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${port}/x`
  const app = await build(t, { CORS_API_ORIGINS: `http://127.0.0.1:${port}` })
  const ada = await logIn(app, 'ada')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: url, jku: url, x5u: url })).toString(
    'base64url'
  )
  const claims = Buffer.from(JSON.stringify({ iss: url, sub: url })).toString('base64url')
  const headers = {
    referer: url,
    origin: `http://127.0.0.1:${port}`,
    forwarded: `host=127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    'x-forwarded-host': `127.0.0.1:${port}`
  }
  await app.inject({ method: 'GET', url, headers: { ...headers, authorization: `Bearer ${header}.${claims}.AAAA` } })
  await app.inject({
    method: 'GET',
    url: `/api/users/me?url=${url}&next=${url}`,
    headers: { ...headers, ...ada.headers }
  })
  await call(app, ada, 'POST /api/probe', { title: url, text: `![](${url})` })
  await call(app, ada, 'PATCH /api/users/me', { name: url })
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(asked, 0)
})
