import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { cookieName } from '../../../../src/plugins/http/cookies/cookie.ts'
import { allRows, build, logIn, PASSWORD, randomKey, signUp, someBackends } from '../../../build.ts'
import { allInRedis } from './redis.ts'
import { cookie } from './transport.ts'

/** The attributes of each Set-Cookie of a reply, without the value. */
function setCookies(reply: { headers: Record<string, unknown> }) {
  const lines = [reply.headers['set-cookie'] ?? []].flat() as string[]
  return lines.map((line) => {
    const [pair = '', ...attributes] = line.split('; ')
    const [name = '', value = ''] = pair.split('=')
    return { name, value: decodeURIComponent(value), attributes: attributes.sort(), length: line.length }
  })
}

async function cookieLogIn(
  app: FastifyInstance,
  options: { remember?: boolean; headers?: Record<string, string> } = {}
) {
  const { headers = {}, ...choices } = options
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie', ...choices }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload, headers })
  const [set] = setCookies(reply)
  return { reply, set, headers: { cookie: `${set?.name}=${encodeURIComponent(set?.value ?? '')}` } }
}

const whoami = (app: FastifyInstance, headers: Record<string, string>) =>
  app.inject({ method: 'GET', url: '/api/auth/whoami', headers })

t.test(
  'ASVS 3.3.1, 3.3.2, 3.3.3, 3.3.4, 3.3.5: the cookie has the documented attributes, also when it is cleared',
  async (t) => {
    const table: [Record<string, string>, string, string[]][] = [
      [{}, '__Host-sid', ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']],
      [{ COOKIE_SAME_SITE: 'strict' }, '__Host-sid', ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']],
      [{ COOKIE_SAME_SITE: 'none' }, '__Host-sid', ['HttpOnly', 'Partitioned', 'Path=/', 'SameSite=None', 'Secure']],
      [{ COOKIE_SECURE: 'false' }, 'sid-3000', ['HttpOnly', 'Path=/', 'SameSite=Lax']]
    ]
    for (const [environment, name, attributes] of table) {
      const app = await build(t, { ...environment, LOGIN_MAX_AGE: '10d' })
      await signUp(app, 'ada')
      const remembered = await cookieLogIn(app)
      t.equal(remembered.reply.statusCode, 200)
      t.strictSame(Object.keys(remembered.reply.json()), ['user'])
      t.match(setCookies(remembered.reply), [
        { name, attributes: ['HttpOnly', 'Max-Age=864000', ...attributes.slice(1)] }
      ])
      t.ok((remembered.set?.length ?? 0) < 4096)
      const forgotten = await cookieLogIn(app, { remember: false })
      t.match(setCookies(forgotten.reply), [{ name, attributes }])

      const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: remembered.headers })
      t.equal(logout.statusCode, 204)
      const [cleared, ...more] = setCookies(logout)
      t.strictSame(more, [])
      t.match(cleared, { name, value: '' })
      const expiry = cleared?.attributes.filter((attribute) => /^(Expires|Max-Age)=/.test(attribute))
      t.ok(expiry?.includes('Expires=Thu, 01 Jan 1970 00:00:00 GMT'))
      t.strictSame(
        cleared?.attributes.filter((attribute) => !expiry?.includes(attribute)),
        attributes
      )
    }
  }
)

t.test('ASVS 7.6.2: only a login sets a cookie', async (t) => {
  const app = await build(t)
  await signUp(app, 'ada')
  const { headers: live, set } = await cookieLogIn(app)
  const secret = set?.value.split('.')[0] ?? ''
  const values = [
    'x',
    'x.y',
    'a'.repeat(4000),
    '',
    '%00',
    '%zz',
    secret,
    `${secret}.`,
    `${secret}.${'A'.repeat(43)}`,
    `${secret}.x`
  ]
  const carried: Record<string, string>[] = [{}, live, ...values.map((value) => ({ cookie: `__Host-sid=${value}` }))]
  const calls = [
    { method: 'GET', url: '/api/auth' },
    { method: 'GET', url: '/api/auth/whoami' },
    { method: 'GET', url: '/api/auth/check-auth' },
    { method: 'GET', url: '/api/users/me' },
    { method: 'GET', url: '/nowhere' },
    { method: 'GET', url: '/api/auth/%zz' },
    { method: 'PUT', url: '/api/auth/whoami' },
    { method: 'GET', url: '/livez' },
    { method: 'POST', url: '/api/auth/login', payload: {} },
    {
      method: 'POST',
      url: '/api/auth/login',
      payload: { usernameOrEmail: 'ada', password: 'wrong', authType: 'cookie' }
    },
    {
      method: 'POST',
      url: '/api/auth/login',
      payload: { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
    }
  ] as const
  for (const headers of carried) {
    for (const call of calls) {
      const reply = await app.inject({ ...call, headers })
      t.equal(
        reply.headers['set-cookie'],
        undefined,
        `${call.method} ${call.url} with ${headers['cookie']?.slice(0, 60)}`
      )
      t.ok(reply.statusCode < 500)
      const isGuarded = /whoami|me$/.test(call.url) && call.method === 'GET'
      if (isGuarded && headers !== live) t.equal(`${reply.statusCode} ${reply.json().code}`, '401 UNAUTHENTICATED')
    }
  }
  t.equal((await app.db.select().from(app.tables.sessions)).filter(({ kind }) => kind === 'cookie').length, 1)
})

t.test('two cookies of the same name are ignored, and so are other names', async (t) => {
  const app = await build(t)
  const { headers } = await logIn(app, 'ada', cookie)
  const [, value] = /^__Host-sid=(.*)$/.exec(headers['cookie'] ?? '') ?? []
  const table: [string, number][] = [
    [`other=1; __Host-sid=${value}`, 200],
    [`other=1;__Host-sid=${value};another=2`, 200],
    [`x__Host-sid=x; __Host-sid=${value}; __Host-sid2=x; __Host-sid`, 200],
    // Browsers do not strip this white space from the name of a cookie that a sibling domain set, and neither does the service.
    [`\u00a0__Host-sid=x; __Host-sid=${value}`, 200],
    [`__Host-sid=${value}; __Host-sid=x`, 401],
    [`__Host-sid=x; __Host-sid=${value}`, 401],
    [`__Host-sid=${value};__Host-sid=${value}`, 401],
    [`__host-sid=${value}`, 401],
    [`sid=${value}`, 401],
    [`__Secure-sid=${value}`, 401]
  ]
  for (const [sent, status] of table) {
    const reply = await whoami(app, { cookie: sent })
    t.equal(reply.statusCode, status, sent.slice(0, 30))
    const isDoubled = (sent.match(/(^|;) ?__Host-sid=/g)?.length ?? 0) > 1
    t.equal(setCookies(reply).length, isDoubled ? 2 : 0, 'two are both cleared')
    if (status === 401) t.equal(reply.json().code, 'UNAUTHENTICATED')
  }
})

t.test('two cookies of the same name are cleared in both jars, by every call that authenticates', async (t) => {
  for (const [environment, jars] of [
    [{}, [false, true]],
    [{ COOKIE_SAME_SITE: 'none' }, [false, true]],
    [{ COOKIE_SECURE: 'false' }, [false]]
  ] as [Record<string, string>, boolean[]][]) {
    const app = await build(t, environment)
    const { headers } = await logIn(app, 'ada', cookie)
    const doubled = { cookie: `${headers['cookie']}; ${cookieName(app.config, 'sid')}=planted` }
    for (const [method, url, status] of [
      ['GET', '/api/auth/check-auth', 200],
      ['GET', '/api/users/me', 401],
      ['POST', '/api/auth/logout', 401]
    ] as const) {
      const reply = await app.inject({ method, url, headers: doubled })
      t.equal(reply.statusCode, status)
      const cleared = setCookies(reply)
      t.ok(cleared.every(({ name, value }) => name === cookieName(app.config, 'sid') && value === ''))
      t.same(cleared.map(({ attributes }) => attributes.includes('Partitioned')).sort(), jars, url)
    }
    t.equal((await whoami(app, headers)).statusCode, 200, 'the login itself lives on')
    const bearer = await whoami(app, { ...doubled, authorization: 'Bearer x' })
    t.equal(bearer.headers['set-cookie'], undefined, 'beside a bearer token nothing is cleared')
  }
})

t.test(
  'of two cookies of the same name, the one in the other jar is cleared if COOKIE_SAME_SITE was changed',
  async (t) => {
    for (const [sameSite, partitioned] of [
      ['lax', true],
      ['none', false]
    ] as const) {
      const app = await build(t, { COOKIE_SAME_SITE: sameSite })
      await signUp(app, 'ada')
      const { headers } = await cookieLogIn(app)
      const doubled = { cookie: `__Host-sid=x; ${headers.cookie}` }
      const { reply } = await cookieLogIn(app, { headers: doubled })
      const [cleared, set, ...more] = setCookies(reply)
      t.strictSame(more, [])
      t.match(cleared, { name: '__Host-sid', value: '' })
      t.equal(cleared?.attributes.includes('Partitioned'), partitioned)
      t.equal(set?.attributes.includes('Partitioned'), !partitioned)
      const kept = { cookie: `__Host-sid=${set?.value}` }
      t.equal((await whoami(app, kept)).statusCode, 200)
    }
  }
)

t.test('a cookie whose name only ends the same does not count as a second one', async (t) => {
  for (const [environment, cookie] of [
    [{}, 'x__Host-sid=1; __Host-sid=2'],
    [{ COOKIE_SECURE: 'false' }, 'connect.sid-3000=1; sid-3000=2'],
    [{ COOKIE_SECURE: 'false' }, 'sid-3000=1; sid-3000=2']
  ] as const) {
    const app = await build(t, environment)
    await signUp(app, 'ada')
    const { reply, set } = await cookieLogIn(app, { headers: { cookie } })
    t.equal(setCookies(reply).length, 1, cookie)
    t.not(set?.value, '')
  }
})

for (const backend of someBackends) {
  t.test(`the id in the cookie on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    await signUp(app, 'ada')

    t.test('ASVS 7.2.3, 7.2.4: is generated only by the service, and new for each login', async (t) => {
      const planted = await cookieLogIn(app)
      const adopted = await cookieLogIn(app, { headers: { cookie: '__Host-sid=made-up.id' } })
      t.not(adopted.set?.value, 'made-up.id')
      const renewed = await cookieLogIn(app, { headers: planted.headers })
      t.equal(renewed.reply.statusCode, 200)
      t.equal(setCookies(renewed.reply).length, 1)
      t.not(renewed.set?.value, planted.set?.value)
      const replayed = await whoami(app, planted.headers)
      t.equal(replayed.statusCode, 401, 'who planted the id has nothing')
      t.equal(replayed.json().code, 'SESSION_REVOKED')
      const reasons = (await app.db.select().from(app.tables.sessions)).map(({ revokedReason }) => revokedReason)
      t.strictSame(reasons.sort(), [null, null, 'replaced'])
      t.equal((await whoami(app, renewed.headers)).statusCode, 200)
      t.equal((await whoami(app, adopted.headers)).statusCode, 200, 'a login elsewhere lives on')
    })

    t.test(
      'ASVS 7.2.3, 11.5.1: has 192 random bits and is stored only as a hash, in tables and in Redis keys',
      async (t) => {
        const { set } = await cookieLogIn(app)
        const secret = set?.value.split('.')[0] ?? ''
        t.equal(Buffer.from(secret, 'base64url').length, 24)
        const hash = createHash('sha256').update(secret).digest('base64url')
        const rows = await allRows(app)
        const stored = [JSON.stringify(rows)]
        stored.push(...(await allInRedis(app)))
        t.notOk(stored.join('\n').includes(secret))
        t.ok(stored.join('\n').includes(hash), 'its SHA-256 is')
        const starts = new Set<string | undefined>()
        for (let i = 0; i < 16; i++) starts.add((await cookieLogIn(app)).set?.value.slice(0, 8))
        t.equal(starts.size, 16, 'no two begin alike')
      }
    )
  })
}

t.test('ASVS 13.3.4: after a key rotation, a cookie is still accepted and is signed with the new key', async (t) => {
  const [oldKey, newKey] = [randomKey(), randomKey()]
  const DB_URI = `file:${t.testdir()}/app.db`
  const first = await build(t, { DB_URI, SECRET_KEY: oldKey })
  const { headers } = await logIn(first, 'ada', cookie)
  const ended = await cookie.logIn(first, 'ada')
  await first.inject({ method: 'POST', url: '/api/auth/logout', headers: ended.headers })

  const second = await build(t, { DB_URI, SECRET_KEY: `${newKey},${oldKey}` })
  const reply = await whoami(second, headers)
  t.equal(reply.statusCode, 200)
  const [set, ...more] = setCookies(reply)
  t.strictSame(more, [])
  t.match(set, {
    name: '__Host-sid',
    attributes: ['HttpOnly', /^Max-Age=3153\d{4}$/, 'Path=/', 'SameSite=Lax', 'Secure']
  })
  const renewed = { cookie: `__Host-sid=${encodeURIComponent(set?.value ?? '')}` }
  t.equal((await whoami(second, renewed)).headers['set-cookie'], undefined, 'once')
  t.equal((await whoami(second, ended.headers)).headers['set-cookie'], undefined, 'not for an ended login')

  const third = await build(t, { DB_URI, SECRET_KEY: newKey })
  t.equal((await whoami(third, renewed)).statusCode, 200)
  const gone = await whoami(third, headers)
  t.equal(gone.statusCode, 401, 'the old key is gone')
  t.equal(gone.json().code, 'UNAUTHENTICATED')

  const logout = await second.inject({ method: 'POST', url: '/api/auth/logout', headers })
  t.equal(logout.statusCode, 204)
  t.match(setCookies(logout), [{ value: '' }], 'a logout with the old signature only clears')
  t.equal(setCookies(logout).length, 1)
})

t.test('ending all other sessions keeps the cookie, and ending all clears it', async (t) => {
  const app = await build(t)
  const { headers } = await logIn(app, 'ada', cookie)
  const end = (query: string) => app.inject({ method: 'DELETE', url: `/api/auth/sessions${query}`, headers })

  const kept = await end('?keepCurrent=true')
  t.equal(kept.statusCode, 204)
  t.equal(kept.headers['set-cookie'], undefined)
  const lost = await end('')
  t.equal(lost.statusCode, 204)
  t.match(lost.headers['set-cookie'], /^__Host-sid=; /)
})

t.test('OpenAPI names the cookie', async (t) => {
  const app = await build(t)
  t.match(app.strategies.get('cookie')?.openapi.scheme, { type: 'apiKey', in: 'cookie', name: '__Host-sid' })
})
