import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { logIn, PASSWORD, signUp, someBackends, transportsOn } from '../../build.ts'
import { call, REVOKED, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { forgetCached } from '../../plugins/identity/session/redis.ts'
import { buildWithMail } from './mails.ts'

const ASK = 'POST /api/users/me/email'
const FINISH = 'PUT /api/users/me/email'
const NEW = { email: 'Ada@new.example' }

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(
      `ASVS 7.4.3: a new address counts when its code comes back, and ends other sessions, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, codeTo, mailTo, mails } = await buildWithMail(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        const { sessions } = app.tables
        const before = await app.sessions.find(ada.sid)

        const asked = await call(app, ada, ASK, NEW)
        t.equal(asked.statusCode, 202)
        t.same(Object.keys(asked.json()).sort(), ['expiresAt', 'ticket'])
        await mailTo('ada@example.com', /about to change/)
        const body = { ticket: asked.json().ticket, code: await codeTo(NEW.email, /change your email/) }
        t.match(
          (await call(app, ada, 'GET /api/users/me')).json(),
          { email: 'ada@example.com' },
          'nothing has changed yet'
        )
        t.match((await call(app, ada, FINISH, { ...body, code: 'WRNG-CODE' })).json(), { code: 'INVALID_CODE' })

        const done = await call(app, ada, FINISH, body)
        t.equal(done.statusCode, transport.kind === 'cookie' ? 204 : 200)
        const renewed = await renewedBy(app, transport, done)
        t.match((await call(app, renewed, 'GET /api/users/me')).json(), { email: NEW.email, emailVerified: true })
        const after = await app.sessions.find(renewed.sid)
        t.strictSame(after?.authenticatedAt, before?.authenticatedAt, 'it is as fresh as it was')
        for (const login of [ada, other])
          t.match((await call(app, login, 'GET /api/auth/whoami')).json(), { code: REVOKED[transport.kind] })
        const [ended] = await app.db.select().from(sessions).where(eq(sessions.id, other.sid))
        t.equal(ended?.revokedReason, 'email')
        t.match((await call(app, renewed, FINISH, body)).json(), { code: 'TICKET_INVALID' })
        await t.rejects(transport.logIn(app, 'ada@example.com'), /401/)
        await t.resolves(transport.logIn(app, 'ada@new.example'))
        for (const to of ['ada@example.com', NEW.email]) await mailTo(to, /address was changed/)
        await mails()
      }
    )

    t.test(`a taken address is not told to the caller, but to its owner, ${on}`, { skip: backend.skip }, async (t) => {
      const { app, mailTo, mails } = await buildWithMail(t, await backend.environment())
      await signUp(app, 'eve')
      const ada = await logIn(app, 'ada', transport)
      const taken = await call(app, ada, ASK, { email: 'EVE@example.com' })
      const free = await call(app, ada, ASK, { email: 'new@example.com' })
      t.strictSame(
        [taken.statusCode, Object.keys(taken.json()), taken.body.length],
        [free.statusCode, Object.keys(free.json()), free.body.length]
      )
      await mailTo('eve@example.com', /already have an account/)
      t.notOk((await mails()).some(({ to, subject }) => to === 'eve@example.com' && /change your email/.test(subject)))
    })

    t.test(
      `an address that is taken in the meantime is 409, and only a fresh session asks, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, codeTo } = await buildWithMail(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const asked = await call(app, ada, ASK, { email: 'eve@example.com' })
        const body = { ticket: asked.json().ticket, code: await codeTo('eve@example.com', /change your email/) }
        await signUp(app, 'eve')
        t.match((await call(app, ada, FINISH, body)).json(), { status: 409, code: 'EMAIL_TAKEN' })
        t.match((await call(app, ada, 'GET /api/users/me')).json(), { email: 'ada@example.com' })
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)

        const again = await call(app, ada, ASK, NEW)
        const next = { ticket: again.json().ticket, code: await codeTo(NEW.email, /change your email/) }
        const bob = await logIn(app, 'bob', transport)
        t.match((await call(app, bob, FINISH, next)).json(), { code: 'TICKET_INVALID' }, 'another user')
        await call(app, ada, 'PUT /api/users/me/password', {
          currentPassword: PASSWORD,
          newPassword: 'another long password'
        })
        const second = await transport.logIn(app, 'ada', { password: 'another long password' })
        t.match((await call(app, second, FINISH, next)).json(), { code: 'TICKET_INVALID' }, 'after a password change')
        const { sessions } = app.tables
        await app.db.update(sessions).set({ authenticatedAt: new Date(0) })
        await forgetCached(app)
        // An access token says itself when its user logged in.
        if (transport.kind === 'cookie')
          t.match((await call(app, second, ASK, NEW)).json(), { status: 403, code: 'REAUTHENTICATION_REQUIRED' })
      }
    )
  }
}

t.test('concurrent confirmations change the address once', async (t) => {
  const { app, codeTo } = await buildWithMail(t)
  const ada = await logIn(app, 'ada')
  const { ticket } = (await call(app, ada, ASK, NEW)).json()
  const code = await codeTo(NEW.email, /change your email/)
  const replies = await Promise.all(Array.from({ length: 4 }, () => call(app, ada, FINISH, { ticket, code })))
  t.equal(replies.filter(({ statusCode }) => statusCode < 300).length, 1)
  t.ok(replies.every(({ statusCode }) => statusCode < 300 || statusCode === 401))
})
