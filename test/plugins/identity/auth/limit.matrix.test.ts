import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, buildWithLog, type LoggedIn, logIn, someBackends, transportsOn } from '../../../build.ts'
import { call } from './calls.ts'
import { makeLogin } from './made.ts'

const whoami = async (app: FastifyInstance, login: Pick<LoggedIn, 'headers'>) =>
  (await call(app, login, 'GET /api/auth/whoami')).statusCode

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`
    const environment = async () => ({ ...(await backend.environment()), MAX_SESSIONS_PER_USER: '3' })

    t.test(
      `ASVS 7.1.2: a login beyond the limit revokes the session used longest ago, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, await environment())
        const first = await logIn(app, 'ada', transport)
        const second = await transport.logIn(app, 'ada')
        const third = await transport.logIn(app, 'ada')
        const { sessions } = app.tables
        await app.db
          .update(sessions)
          .set({ lastSeenAt: new Date(Date.now() + 1000) })
          .where(eq(sessions.id, first.sid))
        const fourth = await transport.logIn(app, 'ada')

        t.equal(await whoami(app, second), 401, 'it was seen longest ago')
        for (const login of [first, third, fourth]) t.equal(await whoami(app, login), 200)
        t.match(
          lines.filter(({ event }) => event === 'session_expired'),
          [{ userId: first.user.id, sid: second.sid, reason: 'limit' }]
        )
      }
    )
  }

  t.test(
    `ASVS 15.4.2: twenty concurrent logins leave as many sessions as the limit allows, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { sessions, users } = await build(t, await backend.environment())
      const names = { username: 'ada', email: 'ada@example.com', name: 'Ada', passwordHash: 'one' }
      const ada = await users.create(names, new Date())
      // On a busy machine, the database has no time for some of them.
      await Promise.allSettled(Array.from({ length: 20 }, () => makeLogin(sessions, ada, {}, new Date(), 3)))
      t.equal((await sessions.listLive(ada.id, new Date())).length, 3)
    }
  )
}
