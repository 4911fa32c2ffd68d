import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { createResync } from '../../../../src/plugins/identity/auth/resync.ts'
import type { RevocationListener } from '../../../../src/plugins/identity/auth/revocation-listeners.ts'
import { createRevocations } from '../../../../src/plugins/identity/auth/revocations.ts'
import type { Session } from '../../../../src/plugins/identity/auth/tables.ts'
import { build, databases } from '../../../build.ts'
import { makeLogin, revokeInSql } from './made.ts'

const NOW = new Date('2026-03-01T12:00:00.000Z')
const before = (seconds: number) => new Date(NOW.getTime() - seconds * 1000)

/** Revocations with the listeners of a test. */
function listen(app: { sessions: FastifyInstance['sessions'] }, ...listeners: RevocationListener[]) {
  return { ...createRevocations(app.sessions, listeners, 1e6), ...createResync(app.sessions, listeners) }
}

function createListener(windowMs: number) {
  const heard: string[] = []
  const listener = {
    heard,
    completed: 0,
    fails: false,
    windowMs: async () => windowMs,
    prepare: async () => async () => {},
    async add(sessions: Pick<Session, 'id'>[]) {
      if (listener.fails) throw new Error('not stored')
      heard.push(...sessions.map(({ id }) => id))
    },
    begin: async () => async () => {
      listener.completed++
    }
  } satisfies RevocationListener & Record<string, unknown>
  return listener
}

for (const database of databases) {
  t.test(`revocations on ${database.name}`, async (t) => {
    const app = await build(t, { DB_URI: await database.uri() })
    const { sessions, users, db, tables, log } = app
    const names = { username: 'ada', email: 'ada@example.com', name: 'Ada', passwordHash: 'one' }
    const ada = await users.create(names, NOW)

    async function createLogin() {
      const login = await makeLogin(sessions, ada, {}, before(1e4))
      if (login === null) throw new Error('no login was made')
      return login.id
    }

    t.test('notify every listener, in order', async (t) => {
      const listeners = [createListener(0), createListener(0)] as const
      const revocations = listen(app, ...listeners)
      const sid = await createLogin()
      t.match(await revocations.revoke({ log }, sid, 'logout', NOW), {
        id: sid,
        revokedAt: NOW,
        revokedReason: 'logout'
      })
      for (const { heard } of listeners) t.strictSame(heard, [sid])
      t.equal(await revocations.revoke({ log }, randomUUIDv7(), 'logout', NOW), null)
      for (const { heard } of listeners) t.strictSame(heard, [sid], 'nothing to tell of a login that is not there')
    })

    t.test('reject while a listener fails, and can be repeated until it does not', async (t) => {
      const listener = createListener(0)
      const revocations = listen(app, listener)
      const sid = await createLogin()
      listener.fails = true
      await t.rejects(revocations.revoke({ log }, sid, 'logout', NOW), { message: 'not stored' })
      t.strictSame((await sessions.find(sid))?.revokedAt, NOW, 'SQL, the record, has it')
      listener.fails = false
      t.match(await revocations.revoke({ log }, sid, 'logout', before(-60)), { id: sid, revokedAt: NOW })
      t.strictSame(listener.heard, [sid])
    })

    t.test('stay pending for the call that failed, while another call keeps that session', async (t) => {
      const listener = createListener(0)
      const revocations = listen(app, listener)
      const sid = await createLogin()
      listener.fails = true
      await t.rejects(revocations.revoke({ log }, sid, 'revoked', NOW), { message: 'not stored' })
      listener.fails = false
      await revocations.revokeAll({ log }, ada.id, 'all', NOW, { sid, stays: true })
      t.equal((await sessions.find(sid))?.revocationPending, true)
      await revocations.revoke({ log }, sid, 'revoked', NOW)
      t.equal((await sessions.find(sid))?.revocationPending, false)
    })

    t.test('are resynced as far back as the longest window, even thousands of the same moment', async (t) => {
      await db.delete(tables.sessions)
      const template = await sessions.find(await createLogin())
      if (template === null) throw new Error('no login was made')
      const row = (revokedAt: Date): Session => ({
        ...template,
        id: randomUUIDv7(),
        revokedAt,
        revokedReason: 'revoked'
      })
      const old = row(before(80))
      const many = Array.from({ length: 2300 }, () => row(before(30)))
      const last = row(before(1))
      const rows = [old, ...many, last]
      for (let i = 0; i < rows.length; i += 500) await db.insert(tables.sessions).values(rows.slice(i, i + 500))

      const listeners = [createListener(1000), createListener(60_000)] as const
      const revocations = listen(app, ...listeners)
      await revocations.resyncAll(NOW)
      for (const { heard, completed } of listeners) {
        t.equal(heard.length, 2301)
        t.equal(new Set(heard).size, 2301, 'each once')
        t.equal(heard.at(-1), last.id, 'oldest first')
        t.notOk(heard.includes(old.id), 'not those whose window is over')
        t.equal(completed, 1)
      }
    })

    t.test('of other processes are resynced from the end of the last resync, with some overlap', async (t) => {
      await db.delete(tables.sessions)
      const listener = createListener(60_000)
      const revocations = listen(app, listener)
      const [first, late, next] = [await createLogin(), await createLogin(), await createLogin()]
      await revokeInSql(sessions, first, 'revoked', before(50))
      await revocations.resyncRecent(NOW)
      t.strictSame(listener.heard, [first], 'the first time everything')
      t.equal(listener.completed, 1)

      // Committed after the resync, with a clock that is behind.
      await revokeInSql(sessions, late, 'revoked', before(5))
      await revokeInSql(sessions, next, 'revoked', before(-1))
      await revocations.resyncRecent(before(-2))
      t.strictSame(listener.heard, [first, late, next])
      await revocations.resyncRecent(before(-60))
      await revocations.resyncRecent(before(-61))
      t.equal(listener.heard.length, 3, 'each once, although the overlap brings them again')
      t.equal(listener.completed, 1)
    })

    t.test('that could not be resynced are resynced the next time', async (t) => {
      await db.delete(tables.sessions)
      const listener = createListener(60_000)
      const revocations = listen(app, listener)
      const sid = await createLogin()
      await revokeInSql(sessions, sid, 'revoked', before(50))
      listener.fails = true
      await t.rejects(revocations.resyncRecent(NOW), { message: 'not stored' })
      t.equal(listener.completed, 0)
      listener.fails = false
      await revocations.resyncRecent(NOW)
      t.strictSame(listener.heard, [sid])
      t.equal(listener.completed, 1)
    })
  })
}
