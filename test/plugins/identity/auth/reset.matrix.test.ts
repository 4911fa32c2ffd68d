import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import { backends, buildWithLog, logIn, transportsOn } from '../../../build.ts'

for (const backend of backends) {
  for (const transport of transportsOn(backend)) {
    t.test(
      `ASVS 7.4.3: a password reset revokes each session by ${transport.kind} on ${backend.name} and records why`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, await backend.environment())
        const { user, sid, headers } = await logIn(app, 'ada', transport)
        const eve = await logIn(app, 'eve', transport)
        const hash = await app.passwords.hash('another long password')

        await app.revocations.resetPassword(app, user.id, hash, new Date())

        const whoami = (headers: Record<string, string>) =>
          app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
        t.equal((await whoami(headers)).statusCode, 401)
        t.equal((await whoami(eve.headers)).statusCode, 200)
        t.equal((await app.sessions.find(sid))?.revokedReason, 'password')
        const said = (event: string) => lines.filter((line) => line['event'] === event)
        t.match(said('session_expired'), [{ userId: user.id, sid, reason: 'password' }])
        t.match(said('authn_password_change'), [{ userId: user.id, reason: 'reset' }])
        await t.resolves(transport.logIn(app, 'ada', { password: 'another long password' }))
      }
    )
  }
}

t.test('a deletion without a request is recorded with the id of the user', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { user } = await logIn(app, 'ada')
  await app.revocations.deleteUser(app, user.id, new Date())
  t.match(
    lines.filter(({ event }) => event === 'user_deleted'),
    [{ userId: user.id }]
  )
  t.same(await app.users.list(), [])
})

t.test('deleting or resetting an unknown user does nothing and records nothing', async (t) => {
  const { app, lines } = await buildWithLog(t)
  await app.revocations.deleteUser(app, randomUUIDv7(), new Date())
  await app.revocations.resetPassword(app, randomUUIDv7(), 'a hash', new Date())
  t.strictSame(
    lines.filter(({ event }) => event !== undefined),
    []
  )
})
