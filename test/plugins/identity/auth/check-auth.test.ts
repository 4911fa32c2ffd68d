import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { build, logIn, transports } from '../../../build.ts'

for (const transport of transports) {
  t.test(`ASVS 16.5.2: check-auth by ${transport.kind} is 503 during an outage, not logged out`, async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada', transport)
    Object.assign(app.strategies.get(transport.kind) ?? {}, {
      identify: async () => {
        throw new ServiceUnavailable()
      }
    })

    const reply = await app.inject({ method: 'GET', url: '/api/auth/check-auth', headers })

    t.equal(reply.statusCode, 503)
    t.equal(reply.headers['set-cookie'], undefined)
  })

  t.test(`check-auth by ${transport.kind} is logged out if the row of the session is gone`, async (t) => {
    const app = await build(t)
    const { sid, headers } = await logIn(app, 'ada', transport)
    await app.db.delete(app.tables.sessions).where(eq(app.tables.sessions.id, sid))

    const reply = await app.inject({ method: 'GET', url: '/api/auth/check-auth', headers })

    t.equal(reply.statusCode, 200)
    t.same(reply.json(), { authenticated: false })
  })
}
