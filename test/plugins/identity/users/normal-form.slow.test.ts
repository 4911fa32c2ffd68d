import { hash as argon2 } from '@node-rs/argon2'
import { hash as bcrypt } from '@node-rs/bcrypt'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { createPasswords, PARAMETERS } from '../../../../src/plugins/identity/users/passwords.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, databases, logIn, PASSWORD, signUp, transports } from '../../../build.ts'

const NFC = 'Zo\u00eb spells it'
const NFD = 'Zoe\u0308 spells it'
const kind = transports[0]?.kind

function attempt(app: FastifyInstance, password: string, usernameOrEmail = 'zoe') {
  const payload = { usernameOrEmail, password, authType: kind }
  return app.inject({ method: 'POST', url: '/api/auth/login', payload })
}
function signUpWith(app: FastifyInstance, username: string, password: string) {
  const payload = { username, email: `${username}@example.com`, name: 'Z', password }
  return app.inject({ method: 'POST', url: '/api/auth/signup', payload })
}

for (const transport of transports) {
  t.test(
    `ASVS 6.2.5, 6.2.8: the NFC and NFD forms of a password are the same password, by ${transport.kind}`,
    async (t) => {
      for (const [name, set, shown] of [
        ['one', NFC, NFD],
        ['two', NFD, NFC]
      ] as const) {
        const app = await build(t)
        t.equal((await signUpWith(app, name, set)).statusCode, 201)
        for (const password of [set, shown]) {
          const { headers } = await transport.logIn(app, name, { password })
          const payload = { password: password === set ? shown : set }
          const again = await app.inject({ method: 'POST', url: '/api/auth/reauthenticate', headers, payload })
          t.ok(again.statusCode < 300, `reauthenticate: ${again.statusCode}`)
        }
        const { headers } = await transport.logIn(app, name, { password: shown })
        const change = { currentPassword: shown, newPassword: `${shown}, again` }
        const changed = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload: change })
        t.ok(changed.statusCode < 300, `password change: ${changed.statusCode}`)
        t.equal((await attempt(app, `${set}, again`, name)).statusCode, 200)
      }
    }
  )
}

t.test('a hash of a password as typed still verifies, and the login rehashes it in NFC', async (t) => {
  const hashes = { argon2: await argon2(NFD, PARAMETERS), bcrypt: await bcrypt(NFD, 4) }
  for (const [name, passwordHash] of Object.entries(hashes)) {
    const app = await build(t)
    const { users } = app.tables
    const { id } = await signUp(app, 'zoe')
    const hashNow = async () => (await app.users.find(id))?.passwordHash ?? ''
    await app.db.update(users).set({ passwordHash }).where(eq(users.id, id))
    t.equal((await attempt(app, NFC)).statusCode, 401, `${name}: it is of the other form`)
    t.equal((await attempt(app, NFD)).statusCode, 200, name)
    const renewed = await hashNow()
    t.not(renewed, passwordHash)
    t.equal((await attempt(app, NFC)).statusCode, 200, 'from now on both are right')
    t.equal((await attempt(app, NFD)).statusCode, 200)
    t.equal(await hashNow(), renewed, 'and nothing is left to renew')
  }
})

for (const transport of transports) {
  t.test(`a hash of a password as typed verifies when the password is confirmed, by ${transport.kind}`, async (t) => {
    const app = await build(t)
    const { users } = app.tables
    const { headers, user } = await logIn(app, 'zoe', transport)
    const passwordHash = await argon2(NFD, PARAMETERS)
    await app.db.update(users).set({ passwordHash }).where(eq(users.id, user.id))
    const payload = { currentPassword: NFD, newPassword: PASSWORD }
    const changed = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload })
    t.ok(changed.statusCode < 300, `${changed.statusCode}`)
  })
}

t.test('ASVS 6.3.8: a password that is not in NFC is verified twice, for unknown names too', async (t) => {
  const passwords = createPasswords(1)
  const known = await passwords.hash(PASSWORD)
  for (const hash of [known, null]) {
    for (const [password, isTwice] of [
      [NFC, false],
      [NFD, true]
    ] as const) {
      // One hash at a time: a task that waits behind the first of two runs before the second.
      const order: string[] = []
      const check = passwords.verify(hash, password).then(() => order.push('check'))
      await Promise.all([check, passwords.hash(PASSWORD).then(() => order.push('other'))])
      const expected = isTwice ? ['other', 'check'] : ['check', 'other']
      t.strictSame(order, expected, `${hash === null ? 'unknown' : 'known'}, ${isTwice ? 'twice' : 'once'}`)
    }
  }
})

t.test('ASVS 6.2.1, 6.2.9: the length of a password is counted in NFC, whatever form the client sent', async (t) => {
  const app = await build(t)
  const e = 'e\u0308'
  const rows: [length: number, status: number][] = [
    [7, 400],
    [8, 201],
    [256, 201],
    [257, 400]
  ]
  for (const [length, status] of rows) {
    const reply = await signUpWith(app, `user${length}`, e.repeat(length))
    t.equal(reply.statusCode, status, `${length}`)
    if (status === 400) t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ pointer: '/password' }] })
  }
  // In NFC this one is two characters.
  t.equal((await signUpWith(app, 'devanagari', '\u0958'.repeat(4))).statusCode, 201)
  t.equal((await signUpWith(app, 'toolong', '\u0958'.repeat(129))).statusCode, 400)
  t.equal((await attempt(app, e.repeat(256), 'user256')).statusCode, 200, 'and so where it is given again')
  t.equal((await attempt(app, '\u00eb'.repeat(256), 'user256')).statusCode, 200)
  t.equal((await attempt(app, e.repeat(257), 'user256')).statusCode, 400)

  for (const transport of transports) {
    const { headers } = await logIn(app, `ada-${transport.kind}`, transport)
    for (const newPassword of [e.repeat(7), e.repeat(257)]) {
      const payload = { currentPassword: PASSWORD, newPassword }
      const reply = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload })
      t.match(reply.json(), { status: 400, code: 'VALIDATION_FAILED', errors: [{ pointer: '/newPassword' }] })
    }
  }
})

t.test('ASVS 6.2.4: a common password is common in any normal form', async (t) => {
  const passwords = createPasswords(1)
  // A Kelvin sign is a K in NFC.
  await t.rejects(passwords.refuseCommon('bas\u212aetball'), { code: 'PASSWORD_TOO_COMMON' })
})

t.test('spaces around the name at login are ignored, and count for the same account', async (t) => {
  const app = await build(t)
  await signUp(app, 'zoe')
  for (const name of ['zoe ', ' zoe', '\tZOE\n', 'zoe\u00a0', ' zoe@example.com ', 'zoe\u3000'])
    t.equal((await attempt(app, PASSWORD, name)).statusCode, 200, JSON.stringify(name))
  const long = `zoe@example.com${' '.repeat(240)}`
  t.equal((await attempt(app, PASSWORD, long)).statusCode, 200, 'its length counts without')
  t.equal((await attempt(app, PASSWORD, 'zo e')).statusCode, 401, 'space within it does')
  t.match((await attempt(app, PASSWORD, '  ')).json(), {
    status: 400,
    code: 'VALIDATION_FAILED',
    errors: [{ pointer: '/usernameOrEmail' }]
  })
  for (const name of ['zoe', 'nobody'])
    for (const spelling of [name, `${name} `, ` ${name}`, name, `${name}  `])
      t.equal((await attempt(app, 'not the password', spelling)).statusCode, 401, spelling)
  for (const name of ['zoe ', 'zoe', 'nobody ', 'nobody'])
    t.equal((await attempt(app, 'not the password', name)).statusCode, 429, name)
})

for (const database of databases) {
  t.test(
    `all forms of an email address with an international domain are the same address, on ${database.name}`,
    async (t) => {
      const app = await build(t, { DB_URI: await database.uri() })
      const email = 'Ada@bu\u0308cher.example'
      const payload = { username: 'ada', email, name: 'A', password: PASSWORD }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
      t.match(reply.json(), { user: { email: 'Ada@b\u00fccher.example', name: 'A' } }, 'shown as sent, in NFC')
      for (const name of [email, 'ada@B\u00dcCHER.example', 'ada@xn--bcher-kva.example'])
        t.equal((await attempt(app, PASSWORD, name)).statusCode, 200, name)
      for (const other of ['ada@b\u00fccher.example', 'ada@xn--bcher-kva.example']) {
        const again = { ...payload, username: 'other', email: other }
        const taken = await app.inject({ method: 'POST', url: '/api/auth/signup', payload: again })
        t.match(taken.json(), { status: 409, code: 'EMAIL_TAKEN' }, other)
      }
    }
  )
}
