import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { backends, build, buildWithLog, logIn, PASSWORD, signUp, transports } from '../../../build.ts'

const WRONG = 'not the right password'
const kind = transports[0]?.kind

function attempt(app: FastifyInstance, usernameOrEmail: string, password: string, from: string) {
  const headers = { 'x-forwarded-for': from }
  const payload = { usernameOrEmail, password, authType: kind }
  return app.inject({ method: 'POST', url: '/api/auth/login', payload, headers })
}

for (const backend of backends) {
  const on = `on ${backend.name}`

  t.test(
    `ASVS 6.1.1, 6.3.1: all spellings of an account share their failures ${on}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      await signUp(app, 'ada')
      for (const name of ['ada', 'ADA', 'ada@example.com', 'Ada@Example.com', 'ａｄａ']) {
        t.equal((await attempt(app, name, WRONG, '')).statusCode, 401, name)
      }
      for (const name of ['ada', 'ADA@example.com']) {
        const reply = await attempt(app, name, PASSWORD, '')
        t.equal(reply.statusCode, 429, 'the right password does not pass')
        t.equal(reply.json().code, 'TOO_MANY_ATTEMPTS')
        t.equal(reply.headers['retry-after'], '1')
        t.notOk(reply.headers['set-cookie'])
      }
    }
  )

  t.test(
    `ASVS 6.3.8: an unknown name is rejected and throttled like a known one ${on}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      await signUp(app, 'ada')
      const told = async (name: string) => {
        const replies = []
        for (let i = 0; i < 7; i++) {
          const { statusCode, headers, body } = await attempt(app, name, WRONG, '')
          const { requestId, ...problem } = JSON.parse(body)
          replies.push({ statusCode, problem, length: body.length, names: Object.keys(headers) })
        }
        return replies
      }
      const known = await told('ada')
      t.strictSame(
        known.map(({ statusCode }) => statusCode),
        [401, 401, 401, 401, 401, 429, 429]
      )
      t.strictSame(await told('eve'), known)
      t.strictSame(await told('eve@example.com'), known)
    }
  )

  t.test(`ASVS 6.1.1: an address is throttled for all accounts ${on}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, { ...(await backend.environment()), TRUST_PROXY: '127.0.0.1' })
    await signUp(app, 'ada')
    app.passwords.verify = async (_hash, password) => password === PASSWORD
    const from = `203.0.113.${Math.floor(Math.random() * 256)}`
    const statuses = []
    for (let i = 0; i < 110; i++) statuses.push((await attempt(app, `nobody${i}`, WRONG, from)).statusCode)
    t.strictSame(new Set(statuses.slice(0, 100)), new Set([401]))
    t.strictSame(new Set(statuses.slice(100)), new Set([429]))
    t.equal((await attempt(app, 'ada', PASSWORD, from)).statusCode, 429)
    t.equal((await attempt(app, 'ada', PASSWORD, '192.0.2.7')).statusCode, 200)
  })
}

for (const transport of transports) {
  t.test(`ASVS 6.3.1: reauthentication and password changes count too, by ${transport.kind}`, async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada', transport)
    const wrongs = [
      { method: 'POST' as const, url: '/api/auth/reauthenticate', payload: { password: WRONG } },
      {
        method: 'PUT' as const,
        url: '/api/users/me/password',
        payload: { currentPassword: WRONG, newPassword: 'a new password' }
      }
    ]
    for (let i = 0; i < 5; i++) t.equal((await app.inject({ ...(wrongs[i % 2] as object), headers })).statusCode, 401)
    for (const wrong of wrongs) t.equal((await app.inject({ ...wrong, headers })).json().code, 'TOO_MANY_ATTEMPTS')
    t.equal((await attempt(app, 'ada', PASSWORD, '')).statusCode, 429, 'and so a login')
    t.equal((await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode, 200)
  })
}

t.test('a throttle that starts to refuse is logged once, and never what was typed', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { id } = await signUp(app, 'ada')
  for (let i = 0; i < 9; i++) await attempt(app, 'ada', WRONG, '')
  const held = lines.filter(({ event }) => event === 'authn_login_fail_max')
  t.match(held, [{ level: 'warn', userId: id, reason: 'account-address', ip: '127.0.0.1' }])
  t.equal(held.length, 1)
  for (let i = 0; i < 2; i++) await attempt(app, 'a Password typed as a Name', WRONG, '')
  const failed = lines.filter(({ event, userId }) => event === 'authn_login_fail' && userId === null)
  t.equal(failed.length, 2)
  t.equal(failed[0]?.['nameHash'], failed[1]?.['nameHash'])
  t.notMatch(JSON.stringify(lines), /a password typed as a name/i)
})

t.test('an attempt without a result does not count as a failure', async (t) => {
  const app = await build(t)
  await signUp(app, 'ada')
  const { verify } = app.passwords
  app.passwords.verify = async () => {
    throw Object.assign(new Error('busy'), { statusCode: 503 })
  }
  for (let i = 0; i < 8; i++) t.equal((await attempt(app, 'ada', WRONG, '')).statusCode, 503)
  app.passwords.verify = verify
  t.equal((await attempt(app, 'ada', PASSWORD, '')).statusCode, 200)
})

t.test(
  'ASVS 2.4.1: a client that tries many taken names is throttled, whether it signs up or changes its name',
  async (t) => {
    const app = await build(t, { TRUST_PROXY: '127.0.0.1' })
    await signUp(app, 'ada')
    const { headers } = await logIn(app, 'eve')
    const payload = { username: 'ada', email: 'other@example.com', name: 'Ada', password: PASSWORD }
    const from = (address: string) => ({ ...headers, 'x-forwarded-for': address })
    const rename = (change: object, address: string) =>
      app.inject({ method: 'PATCH', url: '/api/users/me', payload: change, headers: from(address) })
    const statuses = new Set<number>()
    for (let i = 0; i < 50; i++) {
      statuses.add((await app.inject({ method: 'POST', url: '/api/auth/signup', payload })).statusCode)
      statuses.add((await rename({ username: 'ADA' }, '127.0.0.1')).statusCode)
    }
    t.strictSame(statuses, new Set([409]))
    for (const username of ['ada', 'eve2']) {
      const reply = await rename({ username }, '127.0.0.1')
      t.match(reply.json(), { status: 429, code: 'TOO_MANY_ATTEMPTS' }, username)
      const seconds = Number(reply.headers['retry-after'])
      t.ok(seconds > 850 && seconds <= 900, `${seconds} s`)
    }
    t.equal((await app.inject({ method: 'POST', url: '/api/auth/signup', payload })).statusCode, 429)
    t.equal((await rename({ name: 'Eve' }, '127.0.0.1')).statusCode, 200, 'what tries no user name goes on')
    t.equal((await rename({ username: 'eve2' }, '192.0.2.1')).statusCode, 200, 'and so do other clients')
  }
)

for (const backend of backends) {
  for (const transport of transports) {
    t.test(
      `ASVS 6.1.1: strangers cannot keep a user signed in by ${transport.kind} from securing the account, on ${backend.name}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, { ...(await backend.environment()), TRUST_PROXY: '127.0.0.1' })
        const name = `owner-${transport.kind}`
        const ada = await logIn(app, name, transport)
        const eve = await logIn(app, `eve-${transport.kind}`, transport)
        const { verify } = app.passwords
        app.passwords.verify = async (_hash, password) => password === PASSWORD
        for (let i = 0; i < 100; i++) t.equal((await attempt(app, name, WRONG, `198.51.100.${i}`)).statusCode, 401)
        app.passwords.verify = verify
        t.equal((await attempt(app, name, PASSWORD, '203.0.113.1')).statusCode, 429, 'a login from a new network')

        const call = (headers: Record<string, string>, password: string, address: string) =>
          app.inject({
            method: 'POST',
            url: '/api/auth/reauthenticate',
            payload: { password },
            headers: { ...headers, 'x-forwarded-for': address }
          })
        for (let i = 0; i < 5; i++) t.equal((await call(ada.headers, WRONG, '203.0.113.2')).statusCode, 401)
        t.equal((await call(ada.headers, PASSWORD, '203.0.113.2')).statusCode, 429, 'account and address still count')
        t.equal((await call(eve.headers, PASSWORD, '203.0.113.3')).statusCode < 300, true, 'others are not concerned')
        const changed = await app.inject({
          method: 'PUT',
          url: '/api/users/me/password',
          payload: { currentPassword: PASSWORD, newPassword: 'another long password' },
          headers: { ...ada.headers, 'x-forwarded-for': '203.0.113.1' }
        })
        t.equal(changed.statusCode < 300, true, `the owner, from a new network: ${changed.statusCode}`)
      }
    )
  }
}
