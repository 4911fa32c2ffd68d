import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { backends, build, logIn, transports } from '../../../build.ts'

for (const backend of backends) {
  t.test(`GET /api/users/me on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())

    for (const transport of transports) {
      t.test(
        `ASVS 15.3.1, 14.2.6: returns the five members of the user who is logged in by ${transport.kind}`,
        async (t) => {
          const { user, headers } = await logIn(app, `ada-by-${transport.kind}`, transport)
          const reply = await app.inject({ method: 'GET', url: '/api/users/me', headers })
          t.equal(reply.statusCode, 200)
          t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
          t.strictSame(reply.json(), user)
          t.strictSame(Object.keys(reply.json()).sort(), ['createdAt', 'email', 'id', 'name', 'username'])
          t.match(reply.json().createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        }
      )

      t.test(`is 401 by ${transport.kind} after the user was deleted`, async (t) => {
        const { user, headers } = await logIn(app, `gone-by-${transport.kind}`, transport)
        const { users } = app.tables
        await app.db.delete(users).where(eq(users.id, user.id))
        const reply = await app.inject({ method: 'GET', url: '/api/users/me', headers })
        t.equal(reply.statusCode, 401)
        t.equal(reply.json().code, 'UNAUTHENTICATED')
      })
    }

    t.test('is 401 without a credential', async (t) => {
      const reply = await app.inject({ method: 'GET', url: '/api/users/me' })
      t.equal(reply.statusCode, 401)
      t.equal(reply.json().code, 'UNAUTHENTICATED')
      t.equal(reply.headers['www-authenticate'], 'Bearer')
    })
  })
}
