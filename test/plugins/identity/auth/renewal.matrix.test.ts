import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, logIn, PASSWORD, someBackends, transports, transportsOn } from '../../../build.ts'
import { call, REVOKED, renewedBy } from './calls.ts'

const NEXT = 'another long password'
const change = { currentPassword: PASSWORD, newPassword: NEXT }

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(
      `ASVS 7.2.4: reauthentication renews the session, and the old credential is invalid at once, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        const { sessions } = app.tables
        const long = { authenticatedAt: new Date(Date.now() - 3_600_000), createdAt: new Date(Date.now() - 7_200_000) }
        await app.db.update(sessions).set(long).where(eq(sessions.id, ada.sid))
        const before = await app.sessions.find(ada.sid)

        const reply = await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
        t.equal(reply.statusCode, transport.kind === 'cookie' ? 204 : 200)
        if (transport.kind === 'token') t.notOk('user' in reply.json())
        const renewed = await renewedBy(app, transport, reply)
        t.equal(renewed.status, 200)
        t.not(renewed.sid, ada.sid)
        const { createdAt, absoluteExpiresAt, remember, kind } = before ?? {}
        const after = await app.sessions.find(renewed.sid)
        t.match(after, { createdAt, absoluteExpiresAt, remember, kind, revokedAt: null }, 'no older, no younger')
        t.ok((after?.authenticatedAt.getTime() ?? 0) > Date.now() - 60_000, 'it is fresh')
        const old = await call(app, ada, 'GET /api/auth/whoami')
        t.equal(old.statusCode, 401)
        t.equal(old.json().code, REVOKED[transport.kind])
        t.equal((await call(app, other, 'GET /api/auth/whoami')).statusCode, 200, 'the others live')
      }
    )

    t.test(`a wrong password renews nothing, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const wrong = { currentPassword: 'not this one', newPassword: NEXT }
      for (const reply of [
        await call(app, ada, 'POST /api/auth/reauthenticate', { password: 'not this one' }),
        await call(app, ada, 'PUT /api/users/me/password', wrong)
      ]) {
        t.equal(reply.statusCode, 401)
        t.equal(reply.json().code, 'INVALID_CREDENTIALS')
        t.notOk(reply.headers['set-cookie'])
      }
      t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)
      await t.resolves(transport.logIn(app, 'ada'), 'the password is what it was')
    })

    t.test(
      `ASVS 6.2.2, 6.2.3, 7.4.3: a password change ends every other session and renews the current one, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const others = []
        for (const kind of transports) others.push(await kind.logIn(app, 'ada'))
        const eve = await logIn(app, 'eve', transport)

        const reply = await call(app, ada, 'PUT /api/users/me/password', change)
        t.equal(reply.statusCode, transport.kind === 'cookie' ? 204 : 200)
        const renewed = await renewedBy(app, transport, reply)
        t.equal(renewed.status, 200)
        for (const login of [ada, ...others]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
        t.equal((await call(app, eve, 'GET /api/auth/whoami')).statusCode, 200)
        const list = await call(app, renewed, 'GET /api/auth/sessions')
        t.match(list.json().sessions, [{ id: renewed.sid, current: true }])
        t.equal(list.json().sessions.length, 1)
        await t.rejects(transport.logIn(app, 'ada'), /401/)
        await t.resolves(transport.logIn(app, 'ada', { password: NEXT }))
      }
    )

    t.test(
      `ASVS 15.4.2: of two concurrent password changes, one wins, and no old session survives, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        const next = ['a password of one', 'a password of two']
        const replies = await Promise.all(
          [ada, other].map((login, i) =>
            call(app, login, 'PUT /api/users/me/password', { ...change, newPassword: next[i] })
          )
        )
        const won = replies.findIndex(({ statusCode }) => statusCode < 300)
        t.strictSame(replies.map(({ statusCode }) => statusCode < 300).sort(), [false, true])
        t.equal(replies[1 - won]?.statusCode, 401)
        for (const login of [ada, other]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
        const renewed = await renewedBy(app, transport, replies[won] as never)
        t.equal(renewed.status, 200)
        await t.resolves(transport.logIn(app, 'ada', { password: next[won] ?? '' }))
        await t.rejects(transport.logIn(app, 'ada', { password: next[1 - won] ?? '' }), /401/)
      }
    )

    t.test(`a concurrent renewal and logout do not both succeed, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      await logIn(app, 'ada', transport)
      for (let i = 0; i < 5; i++) {
        const ada = await transport.logIn(app, 'ada')
        const [renewal, logout] = await Promise.all([
          call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD }),
          call(app, ada, 'POST /api/auth/logout')
        ])
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 401)
        const isRenewed = renewal.statusCode < 300
        t.equal(logout.statusCode, isRenewed ? 401 : 204)
        if (!isRenewed) t.equal(renewal.statusCode, 401)
      }
    })
  }
}
