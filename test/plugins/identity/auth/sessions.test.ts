import { randomUUIDv7 } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { idleEnd, toCheckedSession } from '../../../../src/plugins/identity/auth/sessions.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, databases } from '../../../build.ts'
import { migratedPostgresUri, waitingForLock, waitUntil } from '../../../servers.ts'
import { type Changes, makeLogin, revokeInSql } from './made.ts'

const START = new Date('2026-03-01T12:00:00.123Z')
const after = (seconds: number) => new Date(START.getTime() + seconds * 1000)
const lives = { idleTtl: 100, maxAge: 1000 }

const fields = (username: string) => ({ username, email: `${username}@example.com`, name: 'Ada', passwordHash: 'one' })

for (const database of databases) {
  t.test(`sessions on ${database.name}`, async (t) => {
    const { sessions, users, db, tables } = await build(t, { DB_URI: await database.uri() })
    const ada = await users.create(fields('ada'), START)

    async function create(changes: Changes = {}, now = START) {
      const login = await makeLogin(sessions, ada, { ...lives, ...changes }, now)
      if (login === null) throw new Error('no login was made')
      return login
    }

    t.test('are found by id and by the hash of their secret', async (t) => {
      const login = await create({ kind: 'cookie', secretHash: 'a hash', ip: '::1', userAgent: 'curl' })
      t.match(login, { userId: ada.id, kind: 'cookie', generation: 0, remember: true, ip: '::1', userAgent: 'curl' })
      t.match(login, { createdAt: START, lastSeenAt: START, authenticatedAt: START, rotatedAt: START, methods: 'pwd' })
      t.match(login, { expiresAt: after(100), absoluteExpiresAt: after(1000), revokedAt: null, revokedReason: null })
      t.strictSame(await sessions.find(login.id), login)
      t.strictSame(await sessions.findBySecret('a hash'), login && toCheckedSession(login))
      t.equal(await sessions.find(randomUUIDv7()), null)
      t.equal(await sessions.findBySecret('another'), null)
    })

    t.test('ASVS 15.4.2: are not created for a user whose password has changed, or who was deleted', async (t) => {
      const eve = await users.create(fields('eve'), START)
      const isEve = eq(tables.users.id, eve.id)
      await users.rehash(eve.id, 'one', 'two')
      t.ok(await makeLogin(sessions, eve, lives, START), 'a stronger hash is no change')
      await db.update(tables.users).set({ passwordHash: 'three', credentialVersion: 1 }).where(isEve)
      t.equal(await makeLogin(sessions, eve, lives, START), null)
      t.ok(await makeLogin(sessions, { ...eve, credentialVersion: 1 }, lives, START))
      await db.delete(tables.users).where(isEve)
      t.equal(await makeLogin(sessions, { ...eve, credentialVersion: 1 }, lives, START), null)
      t.equal((await db.select().from(tables.sessions).where(eq(tables.sessions.userId, eve.id))).length, 2)
    })

    t.test('slide if they were not used since the cutoff', async (t) => {
      const login = await create()
      t.equal(await sessions.touch(login.id, after(150), after(-1), after(50)), null, 'seen since')
      const touched = await sessions.touch(login.id, after(150), after(0), after(50))
      t.strictSame(touched, { ...login, lastSeenAt: after(50), expiresAt: after(150) })
      t.equal(await sessions.touch(login.id, after(150), after(0), after(50)), null, 'another was first')
      await revokeInSql(sessions, login.id, 'logout', after(60))
      t.equal(await sessions.touch(login.id, after(300), after(200), after(200)), null, 'never a revoked one')
      t.match(await sessions.find(login.id), { expiresAt: after(150), revokedAt: after(60) })
    })

    t.test('rotate once, however many requests are concurrent', async (t) => {
      const login = await create()
      const calls = Array.from({ length: 20 }, () =>
        sessions.rotate(login.id, 0, { expiresAt: after(140), accessTtl: 900 }, after(40))
      )
      const rotated = (await Promise.all(calls)).filter((row) => row !== null)
      const moved = { generation: 1, rotatedAt: after(40), lastSeenAt: after(40), expiresAt: after(140) }
      t.strictSame(rotated, [{ ...login, ...moved }])
      t.equal(await sessions.rotate(login.id, 0, { expiresAt: after(200), accessTtl: 900 }, after(50)), null)
      t.equal(await sessions.rotate(login.id, 2, { expiresAt: after(200), accessTtl: 900 }, after(50)), null)
      await revokeInSql(sessions, login.id, 'revoked', after(60))
      t.equal(
        await sessions.rotate(login.id, 1, { expiresAt: after(200), accessTtl: 900 }, after(70)),
        null,
        'never a revoked one'
      )
    })

    t.test('are revoked once', async (t) => {
      const login = await create()
      const revoked = await revokeInSql(sessions, login.id, 'logout', after(10))
      t.strictSame(revoked, {
        ...login,
        revokedAt: after(10),
        revokedReason: 'logout',
        revocationPending: true
      })
      t.equal(await revokeInSql(sessions, login.id, 'reuse', after(20)), null)
      t.strictSame(await sessions.find(login.id), revoked)
      t.equal(await revokeInSql(sessions, randomUUIDv7(), 'logout', after(10)), null)
    })

    t.test('that were revoked since a given time are listed page by page, none missing', async (t) => {
      await db.delete(tables.sessions)
      const rows = []
      const made = [await create(), await create(), await create(), await create(), await create(), await create()]
      // Sessions of the same millisecond are sorted by id, so in any order.
      const ids = made.map(({ id }) => id).sort()
      for (const [i, second] of [10, 20, 20, 20, 20, 30].entries()) {
        rows.push(await revokeInSql(sessions, ids[i] ?? '', 'logout', after(second)))
      }
      await create()
      const told = rows.map((row) => row && { ...toCheckedSession(row), accessTtl: row.accessTtl })
      const first = await sessions.revokedSince(after(10), 'ffffffff-ffff-ffff-ffff-ffffffffffff', 2)
      t.strictSame(first, told.slice(1, 3))
      const second = await sessions.revokedSince(after(20), first[1]?.id ?? '', 2)
      t.strictSame(second, told.slice(3, 5), 'more of the same moment')
      t.strictSame(await sessions.revokedSince(after(20), second[1]?.id ?? '', 2), told.slice(5))
      t.strictSame(await sessions.revokedSince(after(30), rows[5]?.id ?? '', 2), [])
    })
  })
}

t.test('a login waits for a password change in progress, and then creates no session', async (t) => {
  const DB_URI = await migratedPostgresUri()
  const { sessions, users } = await build(t, { DB_URI })
  const ada = await users.create(fields('ada'), START)
  const other = postgres(DB_URI, { max: 2 })
  t.teardown(() => other.end({ timeout: 1 }))

  const changing = await other.reserve()
  await changing`begin`
  await changing`update users set credential_version = 1`
  const login = makeLogin(sessions, ada, lives, START)
  const isWaiting = async () => (await waitingForLock(other)).length > 0
  await waitUntil(isWaiting, 'the login waits')
  await changing`commit`
  changing.release()
  t.equal(await login, null)
})

t.test('a login that waits too long is rejected, and creates no session later', async (t) => {
  const DB_URI = await migratedPostgresUri()
  const { db, sessions, tables, users } = await build(t, { DB_URI })
  const ada = await users.create(fields('ada'), START)
  const other = postgres(DB_URI, { max: 2 })
  t.teardown(() => other.end({ timeout: 1 }))

  const changing = await other.reserve()
  await changing`begin`
  await changing`update users set name = 'Grace'`
  await t.rejects(makeLogin(sessions, ada, lives, START), { code: 'DEADLINE_EXCEEDED' })
  await changing`commit`
  changing.release()
  const isOver = async () =>
    (await other`select 1 from pg_stat_activity where state like '%in transaction%' and datname = current_database()`)
      .length === 0
  await waitUntil(isOver, 'its transaction has ended')
  await t.resolves(makeLogin(sessions, ada, lives, START), 'the next one is made')
  t.equal((await db.select().from(tables.sessions)).length, 1)
})

t.test('the idle expiry of a session', async (t) => {
  const absoluteExpiresAt = after(100_000)
  const table: [string, boolean, number, Date, Date][] = [
    ['slides by the idle life', true, 60_000, after(5), after(60_005)],
    ['is never after the absolute end', true, 60_000, after(90_000), absoluteExpiresAt],
    ['is half a day at most without remember', false, 60_000, after(5), after(43_205)],
    ['is shorter without remember where the idle life is', false, 60, after(5), after(65)],
    ['is never after the absolute end without remember', false, 60_000, after(90_000), absoluteExpiresAt]
  ]
  for (const [what, remember, idleTtl, now, end] of table) {
    t.strictSame(idleEnd({ remember, absoluteExpiresAt }, idleTtl, now), end, what)
  }
})
