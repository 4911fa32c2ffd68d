import t from 'tap'
import { build, buildWithLog, logIn, PASSWORD, signUp, someBackends, transportsOn } from '../../../build.ts'
import { call, renewedBy } from '../auth/calls.ts'

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(
      `ASVS 2.3.3: names can change, and stay unique in any normal form, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        await signUp(app, 'grace')

        const renamed = await call(app, ada, 'PATCH /api/users/me', { name: 'Ada King', username: 'Countess' })
        t.equal(renamed.statusCode, 200)
        t.strictSame(renamed.json(), { ...ada.user, name: 'Ada King', username: 'Countess' })
        t.strictSame((await call(app, ada, 'GET /api/users/me')).json(), renamed.json())
        await t.resolves(transport.logIn(app, 'cOUNTESS'))
        await t.rejects(transport.logIn(app, 'ada'), /401/)

        for (const username of ['grace', 'GRACE', 'ｇｒａｃｅ']) {
          const taken = await call(app, ada, 'PATCH /api/users/me', { username })
          t.equal(taken.statusCode, 409)
          t.equal(taken.json().code, 'USERNAME_TAKEN')
        }
        t.equal((await call(app, ada, 'PATCH /api/users/me', { username: 'COUNTESS' })).statusCode, 200, 'its own')
        t.equal((await call(app, ada, 'PATCH /api/users/me', { name: 'Ada' })).json().username, 'COUNTESS')
      }
    )

    t.test(
      `ASVS 7.4.2, 7.5.1, 7.5.3: only a fresh session can delete the account, with all its sessions, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, { ...(await backend.environment()), FRESH_FOR: '1' })
        let ada: Pick<Awaited<ReturnType<typeof logIn>>, 'headers'> = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        // A token has the time of authentication in whole seconds, so it is fresh for at most a second.
        await new Promise((resolve) => setTimeout(resolve, 1100))
        const stale = await call(app, ada, 'DELETE /api/users/me')
        t.equal(stale.statusCode, 403)
        t.equal(stale.json().code, 'REAUTHENTICATION_REQUIRED')
        const refusals = lines.filter(({ event }) => event === 'authz_fail')
        t.match(refusals, [{ level: 'warn', reason: 'not fresh', kind: transport.kind }])
        t.equal((await call(app, ada, 'GET /api/users/me')).statusCode, 200)

        let reply = stale
        for (let i = 0; i < 5 && reply.statusCode === 403; i++) {
          ada = await renewedBy(
            app,
            transport,
            await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
          )
          reply = await call(app, ada, 'DELETE /api/users/me')
        }
        t.equal(reply.statusCode, 204)
        for (const login of [ada, other]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
        t.strictSame(await app.users.list(), [])
        await t.rejects(transport.logIn(app, 'ada'), /401/)
        await t.resolves(signUp(app, 'ada'), 'the name is free again')
      }
    )
  }
}

t.test('ASVS 8.2.3, 15.3.3: members that users may not change are rejected', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const bodies = [
    {},
    { email: 'a@b.cd' },
    { id: 'x' },
    { name: '' },
    { username: 'a@b' },
    { name: null },
    { passwordHash: 'x' }
  ]
  for (const payload of bodies) {
    const reply = await call(app, ada, 'PATCH /api/users/me', payload)
    t.equal(reply.statusCode, 400, JSON.stringify(payload))
    t.equal(reply.json().code, 'VALIDATION_FAILED')
  }
  t.strictSame((await call(app, ada, 'GET /api/users/me')).json(), ada.user)
})
