import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { backends, build, buildWithLog, type LoggedIn, logIn, PASSWORD, transports } from '../../../build.ts'
import { waitUntil } from '../../../servers.ts'
import { call, renewedBy } from './calls.ts'

const whoami = async (app: FastifyInstance, login: Pick<LoggedIn, 'headers'>) =>
  (await call(app, login, 'GET /api/auth/whoami')).statusCode

/** Inserts `count` more live sessions of the same user, all used more recently than this one. */
async function addSurplus({ db, sessions, tables }: FastifyInstance, sid: string, count: number) {
  const template = await sessions.find(sid)
  if (template === null) throw new Error('there is no such login')
  const rows = Array.from({ length: count }, (_, i) => ({
    ...template,
    id: randomUUIDv7(),
    secretHash: randomUUIDv7(),
    lastSeenAt: new Date(Date.now() + 1000 + i)
  }))
  for (let i = 0; i < count; i += 200) await db.insert(tables.sessions).values(rows.slice(i, i + 200))
}

for (const backend of backends) {
  for (const transport of transports) {
    const on = `by ${transport.kind} on ${backend.name}`
    const environment = async () => ({ ...(await backend.environment()), MAX_SESSIONS_PER_USER: '3' })

    t.test(
      `an account with thousands of sessions from before the limit can be secured, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await environment())
        const ada = await logIn(app, 'ada', transport)
        /** On a slow machine, ending the surplus sessions takes several tries; those already ended stay ended. */
        async function ask(...[login, line, payload]: [Pick<LoggedIn, 'sid' | 'headers'>, string, object?]) {
          await addSurplus(app, login.sid, 5000)
          let reply = await call(app, login, line, payload)
          for (let i = 0; i < 5 && reply.statusCode === 503; i++) reply = await call(app, login, line, payload)
          t.ok(reply.statusCode < 300, `${line} answers ${reply.statusCode}`)
          return reply
        }
        const live = async () => (await app.sessions.listLive(ada.user.id, new Date())).length

        // It is the least recently used one.
        const change = { currentPassword: PASSWORD, newPassword: 'another long password' }
        const renewed = await renewedBy(app, transport, await ask(ada, 'PUT /api/users/me/password', change))
        t.equal(renewed.status, 200)
        t.equal(await live(), 1)
        await ask(renewed, 'DELETE /api/auth/sessions?keepCurrent=true')
        t.equal(await whoami(app, renewed), 200)
        t.equal(await live(), 1)
        await ask(renewed, 'DELETE /api/users/me')
        t.equal(await live(), 0)
      }
    )
  }

  t.test(
    `sessions beyond the limit are revoked in the background after startup, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const before = await backend.environment()
      const DB_URI = before['DB_URI'] === ':memory:' ? `file:${t.testdir()}/app.db` : before['DB_URI']
      const first = await build(t, { ...before, DB_URI })
      const ada = await logIn(first, 'ada')
      const eve = await logIn(first, 'eve')
      await addSurplus(first, ada.sid, 6000)
      await first.close()

      const { app } = await buildWithLog(t, { ...before, DB_URI, MAX_SESSIONS_PER_USER: '10' }, true)
      const live = async (id: string) => (await app.sessions.listLive(id, new Date())).length
      await waitUntil(async () => (await live(ada.user.id)) === 10, 'ten are left', 20_000)
      t.equal(await live(eve.user.id), 1)
    }
  )
}
