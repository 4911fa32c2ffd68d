import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { buildApp } from '../../../../src/app.ts'
import { readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, type LoggedIn, logIn, PASSWORD, testEnvironment, transports } from '../../../build.ts'
import { migratedPostgresUri, waitingForLock, waitUntil } from '../../../servers.ts'
import { call } from './calls.ts'

// The reply to a revocation is true on every replica, from that moment on.

const whoami = async (app: FastifyInstance, login: Pick<LoggedIn, 'headers'>) =>
  (await call(app, login, 'GET /api/auth/whoami')).statusCode

for (const transport of transports) {
  t.test(
    `ASVS 15.4.2: revoking all sessions includes one that another replica is renewing by ${transport.kind}`,
    async (t) => {
      const DB_URI = await migratedPostgresUri()
      const [here, there] = [await build(t, { DB_URI }), await build(t, { DB_URI })]
      const ada = await logIn(here, 'ada', transport)
      const other = await transport.logIn(here, 'ada')
      const sql = postgres(DB_URI, { max: 2, onnotice: () => {} })
      t.teardown(() => sql.end({ timeout: 1 }))
      const waiting = (count: number) =>
        waitUntil(async () => (await waitingForLock(sql)).length >= count, `${count} wait`)

      // The renewal is held up in its transaction, and the revocation of all sessions queues behind it.
      const holder = await sql.reserve()
      await holder`begin`
      await holder`select 1 from sessions where id = ${ada.sid} for update`
      const renewal = call(here, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
      await waiting(1)
      const end = call(there, other, 'DELETE /api/auth/sessions')
      await waiting(2)
      await holder`rollback`
      holder.release()

      t.ok((await renewal).statusCode < 300, 'it was renewed')
      t.equal((await end).statusCode, 204)
      t.equal((await here.sessions.listLive(ada.user.id, new Date())).length, 0)
    }
  )
}

t.test('ASVS 7.4.1: a logout holds after a restart with a shorter ACCESS_TOKEN_TTL', async (t) => {
  const DB_URI = `file:${t.testdir()}/app.db`
  const token = transports.find(({ kind }) => kind === 'token')
  if (!token) return
  const before = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '30m' })
  const ada = await logIn(before, 'ada', token)
  await before.close()

  const short = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '1s' })
  t.equal((await call(short, ada, 'POST /api/auth/logout')).statusCode, 204)
  // Long after the last token with the current settings has expired.
  const { sessions } = short.tables
  await short.db
    .update(sessions)
    .set({ revokedAt: new Date(Date.now() - 600_000) })
    .where(eq(sessions.id, ada.sid))
  await short.close()

  const after = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '1s' })
  t.equal(await whoami(after, ada), 401)
})

t.test(
  'ASVS 7.4.1: startup does not wait for the first resync, and revoked sessions are refused meanwhile',
  async (t) => {
    const environment = { ...testEnvironment, DB_URI: `file:${t.testdir()}/app.db`, LOG_LEVEL: 'silent' }
    const before = await build(t, environment)
    const ada = await logIn(before, 'ada')
    const eve = await logIn(before, 'eve')
    t.equal((await call(before, eve, 'POST /api/auth/logout')).statusCode, 204)
    await before.close()

    const after = await buildApp(readSettings(environment))
    t.teardown(() => after.close())
    const { revokedSince } = after.sessions
    const read = Promise.withResolvers<void>()
    after.sessions.revokedSince = (...given) => read.promise.then(() => revokedSince(...given))
    await after.ready()
    for (const round of ['while they are read', 'when they were']) {
      t.equal(await whoami(after, ada), 200, round)
      t.equal(await whoami(after, eve), 401, round)
      read.resolve()
      await after.revocations.resyncRecent(new Date())
    }
  }
)

for (const transport of transports) {
  t.test(`ASVS 7.4.1: a resync finds thousands of revocations of the same moment, by ${transport.kind}`, async (t) => {
    // Only token sessions are remembered.
    if (!transports.some(({ kind }) => kind === 'token')) return
    const app = await build(t)
    const ada = await logIn(app, 'ada', transport)
    const { sessions } = app.tables
    const template = await app.sessions.find(ada.sid)
    if (template === null) return t.fail('no login was made')
    const revoked = { kind: 'token' as const, secretHash: null, revokedAt: new Date(), revokedReason: 'all' as const }
    const rows = Array.from({ length: 5000 }, () => ({ ...template, ...revoked, id: randomUUIDv7() }))
    for (let i = 0; i < rows.length; i += 1000) await app.db.insert(sessions).values(rows.slice(i, i + 1000))
    await app.revocations.resyncRecent(new Date())
    t.equal(await app.revocations.size(), rows.length)
    t.equal(await whoami(app, ada), 200)
  })
}
