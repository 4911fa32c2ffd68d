import createError from '@fastify/error'
import t from 'tap'
import { and, eq, ne } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, logIn, PASSWORD, someBackends, transportsOn } from '../../../build.ts'
import { call, renewedBy } from './calls.ts'

const Refused = createError('TEST_REFUSED', 'A gate of this test refuses', 403)
const LONG_AGO = new Date('2026-03-01T12:00:00.000Z')

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`
    const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind }

    t.test(`a gate refuses a login before a session exists, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const before = await app.db.select().from(app.tables.sessions)
      const asked: unknown[] = []
      app.gates.push(async ({ user, methods, authenticatedAt }) => {
        asked.push({ id: user.id, methods, isFresh: authenticatedAt.getTime() > Date.now() - 60_000 })
        throw new Refused()
      })

      for (const reply of [
        await app.inject({ method: 'POST', url: '/api/auth/login', payload: credentials }),
        await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
      ]) {
        t.equal(reply.statusCode, 403)
        t.equal(reply.json().code, 'TEST_REFUSED')
        t.notOk(reply.headers['set-cookie'])
      }
      t.strictSame(asked, Array(2).fill({ id: ada.user.id, methods: ['pwd'], isFresh: true }))
      t.strictSame(await app.db.select().from(app.tables.sessions), before, 'no row was inserted, none revoked')
      await t.rejects(transport.logIn(app, 'ada', { password: 'not this one' }), /401/)
      t.equal(asked.length, 2, 'a wrong password is refused first')
    })

    t.test(`a gate that closes after it let a login pass still wins, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const { users, sessions } = app.tables
      const ada = await logIn(app, 'ada', transport)
      let asked = 0
      app.gates.push(async ({ user }) => {
        asked++
        if ((await app.users.find(user.id))?.name === 'banned') throw new Refused()
        // The ban is committed after the gate has run and before the session is inserted.
        await app.db.update(users).set({ name: 'banned' }).where(eq(users.id, user.id))
        const isAllowed = and(eq(users.id, user.id), ne(users.name, 'banned'))
        return { notBanned: (tx) => tx.select({ id: users.id }).from(users).where(isAllowed) }
      })

      const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload: credentials })
      t.equal(reply.statusCode, 403)
      t.equal(reply.json().code, 'TEST_REFUSED', 'asked again, the gate says why')
      t.equal(asked, 2)
      t.strictSame(await app.db.$count(sessions), 1, 'the session from before is the only one')
      t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)
    })

    t.test(
      `a session remembers how and when its user authenticated, and only a login changes that, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const { sessions } = app.tables
        t.match(await app.sessions.find(ada.sid), { methods: 'pwd' })
        const long = { authenticatedAt: LONG_AGO, methods: 'pwd otp' }
        await app.db.update(sessions).set(long).where(eq(sessions.id, ada.sid))

        const newPassword = 'another long password'
        const change = { currentPassword: PASSWORD, newPassword }
        const changed = await renewedBy(app, transport, await call(app, ada, 'PUT /api/users/me/password', change))
        t.match(await app.sessions.find(changed.sid), long, 'a password change keeps both')

        const again = await call(app, changed, 'POST /api/auth/reauthenticate', { password: newPassword })
        const fresh = await app.sessions.find((await renewedBy(app, transport, again)).sid)
        t.equal(fresh?.methods, 'pwd')
        t.ok((fresh?.authenticatedAt.getTime() ?? 0) > Date.now() - 60_000, 'reauthentication is fresh')

        // Sessions that are older than the column began with a password.
        await app.db.update(sessions).set({ methods: null })
        const old = await renewedBy(
          app,
          transport,
          await call(app, (await renewedBy(app, transport, again)) as never, 'PUT /api/users/me/password', {
            currentPassword: newPassword,
            newPassword: PASSWORD
          })
        )
        t.equal((await app.sessions.find(old.sid))?.methods, 'pwd')
      }
    )
  }
}
