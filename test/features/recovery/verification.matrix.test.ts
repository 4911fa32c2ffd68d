import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { build, logIn, PASSWORD, signUp, someBackends, transportsOn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, signUpVerified } from './mails.ts'

const VERIFY = 'PUT /api/auth/email-verification'

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(`a user verifies the address with the code of the sign-up, ${on}`, { skip: backend.skip }, async (t) => {
      const { app, codeTo, mails } = await buildWithMail(t, await backend.environment())
      const payload = { username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD }
      const signedUp = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
      t.equal(signedUp.statusCode, 201)
      t.match(signedUp.json(), {
        user: { emailVerified: false },
        emailVerification: { ticket: String, expiresAt: String }
      })
      const { ticket, expiresAt } = signedUp.json().emailVerification
      const minutes = (new Date(expiresAt).getTime() - Date.now()) / 60_000
      t.ok(minutes > 9 && minutes <= 10)
      const code = await codeTo('ada@example.com', /verification code/)

      const ada = await transport.logIn(app, 'ada')
      t.match((await call(app, ada, 'GET /api/users/me')).json(), { emailVerified: false })
      const wrong = await call(app, ada, VERIFY, { ticket, code: code === '0000-0000' ? '1111-1111' : '0000-0000' })
      t.match(wrong.json(), { status: 401, code: 'INVALID_CODE' })
      const done = await call(app, ada, VERIFY, { ticket, code: ` ${code.toLowerCase().replace('-', ' ')} ` })
      t.equal(done.statusCode, 200)
      t.match(done.json(), { username: 'ada', emailVerified: true })
      for (const path of ['users/me', 'auth/check-auth'])
        t.match(JSON.stringify((await call(app, ada, `GET /api/${path}`)).json()), '"emailVerified":true')
      t.match(
        (await transport.logIn(app, 'ada')).body,
        transport.kind === 'token' ? { user: { emailVerified: true } } : {}
      )
      t.match((await call(app, ada, 'GET /api/users/me/security')).json(), { hasPassword: true, emailVerified: true })

      t.match((await call(app, ada, VERIFY, { ticket, code })).json(), { code: 'TICKET_INVALID' })
      t.match((await call(app, ada, 'POST /api/auth/email-verification')).json(), {
        code: 'EMAIL_ALREADY_VERIFIED',
        status: 409
      })
      t.equal((await mails()).length, 1)
    })

    t.test(`only the same user verifies, with their own code, ${on}`, { skip: backend.skip }, async (t) => {
      const { app, codeTo } = await buildWithMail(t, await backend.environment())
      const [ada, eve] = [await logIn(app, 'ada', transport), await logIn(app, 'eve', transport)]
      for (const name of ['ada', 'eve']) await codeTo(`${name}@example.com`, /verification/)
      const ask = async (login: typeof ada) => (await call(app, login, 'POST /api/auth/email-verification')).json()
      const own = await ask(ada)
      t.match(own, { ticket: String, expiresAt: String })
      t.equal((await app.inject({ method: 'POST', url: '/api/auth/email-verification' })).statusCode, 401)
      const adas = { ticket: own.ticket, code: await codeTo('ada@example.com', /verification/) }
      const eves = { ticket: (await ask(eve)).ticket, code: await codeTo('eve@example.com', /verification/) }
      t.match((await call(app, eve, VERIFY, adas)).json(), { code: 'TICKET_INVALID' }, 'the ticket of another user')
      t.match((await call(app, ada, VERIFY, { ...adas, code: eves.code })).json(), { code: 'INVALID_CODE' })
      const reset = await app.inject({
        method: 'POST',
        url: '/api/auth/password-reset',
        payload: { email: 'ada@example.com' }
      })
      const foreign = { ticket: reset.json().ticket, code: await codeTo('ada@example.com', /reset/) }
      t.match((await call(app, ada, VERIFY, foreign)).json(), { code: 'TICKET_INVALID' }, 'the ticket of a reset')

      // A second session of the same user may finish, but not after the first one has ended.
      const second = await transport.logIn(app, 'ada')
      const other = { ticket: (await ask(ada)).ticket, code: await codeTo('ada@example.com', /verification/) }
      await call(app, ada, 'POST /api/auth/logout')
      t.match((await call(app, second, VERIFY, other)).json(), { code: 'TICKET_INVALID' })
    })
  }
}

t.test('five wrong codes are the end of a ticket, for the right one too', async (t) => {
  const { app, codeTo, lines } = await buildWithMail(t)
  const ada = await logIn(app, 'ada')
  await codeTo('ada@example.com', /verification/)
  const { ticket } = (await call(app, ada, 'POST /api/auth/email-verification')).json()
  const code = await codeTo('ada@example.com', /verification/)
  for (let i = 0; i < 5; i++)
    t.match((await call(app, ada, VERIFY, { ticket, code: 'not this' })).json(), { code: 'INVALID_CODE' })
  t.match((await call(app, ada, VERIFY, { ticket, code })).json(), { code: 'TICKET_INVALID' })
  t.equal(lines.filter(({ event }) => event === 'authn_mail_code_fail').length, 5)
})

t.test('app.requireVerified lets only users with a verified address pass, also where there is no mail', async (t) => {
  const { app } = await buildWithMail(t)
  const ada = await signUp(app, 'ada')
  const eve = await signUpVerified(app, 'eve')
  const asUser = (userId: string) =>
    ({
      account: { userId },
      log: app.log,
      headers: {},
      ip: '127.0.0.1',
      socket: {},
      server: app,
      id: 'a request'
    }) as never
  await t.rejects(app.requireVerified(asUser(ada.id)), { code: 'EMAIL_NOT_VERIFIED', statusCode: 403 })
  await t.resolves(app.requireVerified(asUser(eve.id)))
  // An address that changed is another address.
  const { users } = app.tables
  await app.db.update(users).set({ emailKey: 'eve@example.org' }).where(eq(users.id, eve.id))
  await t.rejects(app.requireVerified(asUser(eve.id)), { code: 'EMAIL_NOT_VERIFIED' })

  const off = await build(t)
  const bob = await signUp(off, 'bob')
  await t.rejects(off.requireVerified(asUser(bob.id)), { code: 'EMAIL_NOT_VERIFIED' })
})

t.test('without MAIL_URL there is no recovery, and nothing of it in replies and documents', async (t) => {
  const app = await build(t, { API_DOCS: 'true' })
  const ada = await logIn(app, 'ada')
  for (const line of ['POST /api/auth/email-verification', 'POST /api/auth/password-reset', 'POST /api/users/me/email'])
    t.equal((await call(app, ada, line)).statusCode, 404, line)
  t.same(Object.keys((await call(app, ada, 'GET /api/users/me')).json()).sort(), [
    'createdAt',
    'email',
    'id',
    'name',
    'username'
  ])
  t.notMatch((await app.inject('/docs/json')).body, /email-verification|emailVerified|password-reset/)
})
