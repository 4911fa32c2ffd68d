import t from 'tap'
import { NO_PASSWORD } from '../../../src/plugins/identity/users/passwords.ts'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { allRows, logIn, PASSWORD, signUp, someBackends, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, codeIn, resetPassword, signUpVerified } from './mails.ts'

const NEXT = 'another long password'
const ASK = { method: 'POST', url: '/api/auth/password-reset' } as const
const FINISH = { method: 'PUT', url: '/api/auth/password-reset' } as const

for (const backend of someBackends) {
  t.test(
    `ASVS 6.4.3: a user who forgot the password sets a new one by mail, which ends every session, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const made = await buildWithMail(t, await backend.environment())
      const { app, codeTo, lines } = made
      const ada = await logIn(app, 'ada')
      const others = await Promise.all(transports.map((transport) => transport.logIn(app, 'ada')))

      const asked = await app.inject({ ...ASK, payload: { email: 'ADA@example.com' } })
      t.equal(asked.statusCode, 202)
      t.same(Object.keys(asked.json()).sort(), ['expiresAt', 'ticket'])
      const { ticket } = asked.json()
      const code = await codeTo('ada@example.com', /reset your password/)

      const finish = (payload: object) =>
        app.inject({ ...FINISH, payload: { ticket, code, newPassword: NEXT, ...payload } })
      t.match((await finish({ newPassword: 'password' })).json(), { status: 422, code: 'PASSWORD_TOO_COMMON' })
      t.match((await finish({ code: 'WRNG-CODE' })).json(), { status: 401, code: 'INVALID_CODE' })
      t.match((await finish({ newPassword: 'short' })).json(), { status: 400, code: 'VALIDATION_FAILED' })
      const done = await finish({})
      t.equal(done.statusCode, 204)
      t.equal(done.body, '')
      t.notOk(done.headers['set-cookie'], 'no login follows')
      t.match((await finish({})).json(), { status: 401, code: 'TICKET_INVALID' })

      for (const login of [ada, ...others]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
      const [transport] = transports
      if (!transport) return
      await t.rejects(transport.logIn(app, 'ada'), /401/)
      const again = await transport.logIn(app, 'ada', { password: NEXT })
      t.match(
        (await call(app, again, 'GET /api/users/me')).json(),
        { emailVerified: true },
        'who reads the mail owns the address'
      )
      const said = lines.map(({ event }) => event)
      for (const event of [
        'authn_password_reset_requested',
        'authn_mail_code_fail',
        'authn_password_change',
        'session_expired'
      ])
        t.ok(said.includes(event), event)
    }
  )

  t.test(
    `ASVS 6.3.8: an address without an account gets the same reply, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { app, mails } = await buildWithMail(t, await backend.environment())
      await signUp(app, 'ada')
      const replies = []
      for (const email of ['ada@example.com', 'nobody@example.com'])
        replies.push(await app.inject({ ...ASK, payload: { email } }))
      const [known, unknown] = replies.map(({ statusCode, headers, body }) => {
        const { date, 'ratelimit-remaining': left, 'ratelimit-reset': reset, ...others } = headers
        t.ok(date && left && reset)
        return { statusCode, others, length: body.length }
      })
      t.strictSame(unknown, known)
      t.same(
        (await mails()).map(({ to }) => to),
        ['ada@example.com', 'ada@example.com'],
        'a sign-up and a reset'
      )
      const { ticket } = replies[1]?.json() ?? {}
      const finish = await app.inject({ ...FINISH, payload: { ticket, code: '0000-0000', newPassword: NEXT } })
      t.match(finish.json(), { status: 401, code: 'INVALID_CODE' }, 'as with a wrong code')
    }
  )

  t.test(`the first of two resets ends the second one, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const { app, codeTo, mails } = await buildWithMail(t, await backend.environment())
    await signUp(app, 'ada')
    const ask = async () => (await app.inject({ ...ASK, payload: { email: 'ada@example.com' } })).json().ticket
    const first = { ticket: await ask(), code: await codeTo('ada@example.com', /reset/) }
    const second = { ticket: await ask(), code: '' }
    second.code = (await mails())
      .filter(({ subject }) => /reset/.test(subject))
      .map(codeIn)
      .find((code) => code !== first.code) as string
    const finish = (body: object) => app.inject({ ...FINISH, payload: { ...body, newPassword: NEXT } })
    t.match(
      (await finish({ ...first, code: second.code })).json(),
      { code: 'INVALID_CODE' },
      'each code has its ticket'
    )
    const replies = await Promise.all([finish(first), finish(second), finish(first)])
    t.equal(replies.filter(({ statusCode }) => statusCode === 204).length, 1)
    t.same(
      replies.filter(({ statusCode }) => statusCode !== 204).map((reply) => reply.json().code),
      Array(2).fill('TICKET_INVALID')
    )
  })

  t.test(
    `a reset takes away what somebody added who never verified the address, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const made = await buildWithMail(t, await backend.environment())
      const { app } = made
      const removed: string[] = []
      app.factorRemovals.push((userId) => {
        removed.push(userId)
        return { test: (tx) => tx.select().from(app.tables.users).where(eq(app.tables.users.id, userId)) }
      })
      const squatted = await signUp(app, 'ada')
      await signUpVerified(app, 'eve')
      t.equal((await resetPassword(made, 'ada@example.com', NEXT)).statusCode, 204)
      t.equal((await resetPassword(made, 'eve@example.com', NEXT)).statusCode, 204)
      t.same(removed, [squatted.id], 'a verified user keeps the factors')
      t.equal((await resetPassword(made, 'ada@example.com', PASSWORD)).statusCode, 204)
      t.same(removed, [squatted.id], 'and so does one who is verified by now')
    }
  )
}

t.test('a user without a password gets the first one by a reset', async (t) => {
  const made = await buildWithMail(t)
  const { app } = made
  const { id } = await signUpVerified(app, 'ada')
  const { users } = app.tables
  await app.db.update(users).set({ passwordHash: NO_PASSWORD }).where(eq(users.id, id))
  const [transport] = transports
  await t.rejects((async () => transport?.logIn(app, 'ada', { password: NO_PASSWORD }))(), /401/)
  t.equal((await resetPassword(made, 'ada@example.com', NEXT)).statusCode, 204)
  const ada = await transport?.logIn(app, 'ada', { password: NEXT })
  if (ada) t.match((await call(app, ada, 'GET /api/users/me/security')).json(), { hasPassword: true })
})

t.test('a reset is for one account, and ends with whatever ends the credentials', async (t) => {
  const { app, codeTo } = await buildWithMail(t)
  const ada = await logIn(app, 'ada')
  await signUp(app, 'eve')
  const ask = async (name: string) => {
    const email = `${name}@example.com`
    const { ticket } = (await app.inject({ ...ASK, payload: { email } })).json()
    return { ticket, code: await codeTo(email, /reset/) }
  }
  const finish = (body: object) => app.inject({ ...FINISH, payload: { ...body, newPassword: NEXT } })
  const [adas, eves] = [await ask('ada'), await ask('eve')]
  t.match((await finish({ ticket: adas.ticket, code: eves.code })).json(), { code: 'INVALID_CODE' })
  await call(app, ada, 'PUT /api/users/me/password', {
    currentPassword: PASSWORD,
    newPassword: 'a third long password'
  })
  t.match((await finish(adas)).json(), { code: 'TICKET_INVALID' }, 'after a password change')
  const eve = await app.users.findByName('eve')
  await app.revocations.deleteUser(app, eve?.id ?? '', new Date())
  t.match((await finish(eves)).json(), { code: 'TICKET_INVALID' }, 'after the deletion of the account')
})

t.test('the mail goes to the stored address, and nothing of the request gets into it', async (t) => {
  const { app, mails } = await buildWithMail(t)
  await signUp(app, 'ada')
  const headers = {
    host: 'evil.test',
    'x-forwarded-host': 'evil.test',
    forwarded: 'host=evil.test',
    'user-agent': 'https://evil.test Firefox/1.0',
    origin: 'https://evil.test',
    referer: 'https://evil.test'
  }
  for (const email of [
    'ADA@EXAMPLE.COM',
    'ada@example.com',
    ' ada@example.com',
    'ada@example.com,eve@example.com',
    '"ada"@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'adа@example.com',
    'ada@eхample.com'
  ])
    await app.inject({ ...ASK, headers, payload: { email } })
  // KELVIN SIGN, a dotless i, and a long s fold to letters only in some rules.
  await signUp(app, 'kiss')
  for (const email of ['\u212Aiss@example.com', 'k\u0131ss@example.com', 'ki\u017Fs@example.com'])
    await app.inject({ ...ASK, headers, payload: { email } })
  const all = await mails()
  t.same([...new Set(all.map(({ to }) => to))].sort(), ['ada@example.com', 'kiss@example.com'])
  t.equal(all.filter(({ to, subject }) => to === 'kiss@example.com' && /reset/.test(subject)).length, 0)
  t.notMatch(all.map(({ raw }) => raw).join(), 'evil.test')
  t.notMatch(all.map(({ text }) => text).join(), /https?:|<[a-z]/i, 'no link and no HTML')
})

t.test('ASVS 6.4.1: codes and tickets are neither in the database nor in the log', async (t) => {
  const made = await buildWithMail(t, { LOG_LEVEL: 'trace' })
  const { app, lines, mails } = made
  await signUp(app, 'ada')
  await resetPassword(made, 'ada@example.com', NEXT)
  const open = await app.inject({ ...ASK, payload: { email: 'ada@example.com' } })
  const dump = JSON.stringify([await allRows(app), lines])
  const codes = (await mails()).filter(({ text }) => /Your code/.test(text)).map(codeIn)
  t.ok(codes.length >= 3)
  for (const text of [open.json().ticket, ...codes, ...codes.map((code) => code.replace('-', ''))])
    t.notOk(dump.includes(text), text)
  t.notMatch(JSON.stringify(lines), 'ada@example.com')
})
