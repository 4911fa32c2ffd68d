import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { NewUser } from '../../../../src/plugins/identity/users/tables.ts'
import { eq, sql } from '../../../../src/plugins/platform/db/drizzle.ts'
import { isUnavailable, isUniqueViolation } from '../../../../src/plugins/platform/db/errors.ts'
import { migrationsFor, openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { createTables } from '../../../../src/plugins/platform/db/tables.ts'
import * as definitions from '../../../../src/tables.ts'
import { databases } from '../../../build.ts'

async function open(t: Test, uri: string) {
  const connection = await openDatabase(uri)
  t.teardown(() => connection.close())
  await connection.migrate(migrationsFor(uri))
  return connection
}

function newUser(username: string): NewUser {
  const createdAt = new Date('2026-03-01T12:00:00.123Z')
  const email = `${username}@example.com`
  const keys = { usernameKey: username, emailKey: email }
  return {
    id: randomUUIDv7(),
    username,
    email,
    name: 'Ada',
    passwordHash: 'one',
    credentialVersion: 0,
    createdAt,
    updatedAt: createdAt,
    ...keys
  }
}

for (const database of databases) {
  t.test(`a connection to ${database.name}`, async (t) => {
    const uri = await database.emptyUri()
    const { db, dialect, prepareOne, transaction, ping, history, migrate } = await open(t, uri)
    const tables = createTables(definitions, dialect)
    const { users } = tables

    t.test('returns rows as they were stored, with times to the millisecond', async (t) => {
      const row = newUser('rows')
      const [created] = await db.insert(users).values(row).returning()
      const [read] = await db.select().from(users).where(eq(users.id, row.id))
      t.strictSame(created, row)
      t.strictSame(read, row)
    })

    t.test('prepares a select once, and returns its first row or null each time', async (t) => {
      const [ada, eve] = [newUser('first'), newUser('second')]
      await db.insert(users).values([ada, eve])
      const byId = prepareOne(
        db
          .select()
          .from(users)
          .where(eq(users.id, sql.placeholder('id'))),
        'first_by_id'
      )
      t.strictSame(await byId({ id: ada.id }), ada)
      t.strictSame(await byId({ id: eve.id }), eve)
      t.equal(await byId({ id: randomUUIDv7() }), null)
      await db.update(users).set({ name: 'Ada' }).where(eq(users.id, ada.id))
      t.match(await byId({ id: ada.id }), { name: 'Ada' }, 'it reads anew')
    })

    t.test('answers a ping and returns its migration history', async (t) => {
      await t.resolves(ping())
      t.strictSame(
        await history(),
        migrationsFor(uri)([]).map(({ hash }) => hash)
      )
    })

    t.test('never applies a migration twice', async (t) => {
      const before = await history()
      t.equal(await migrate(migrationsFor(uri)), 0)
      t.strictSame(await history(), before)
    })

    t.test('a transaction whose precondition finds no row rolls back the earlier preconditions', async (t) => {
      const [row, other] = [newUser('guarded'), newUser('other-guarded')]
      await db.insert(users).values(other)
      const result = await transaction({
        preconditions: {
          renamed: (tx) => tx.update(users).set({ name: 'Grace' }).where(eq(users.id, other.id)).returning(),
          missing: (tx) => tx.lock(tx.select().from(users).where(eq(users.id, randomUUIDv7())))
        },
        steps: { inserted: (tx) => tx.insert(users).values(row).returning() }
      })
      t.equal(result, null)
      t.strictSame(await db.select().from(users).where(eq(users.id, row.id)), [])
      t.match(await db.select().from(users).where(eq(users.id, other.id)), [{ name: 'Ada' }])
    })

    t.test('a transaction runs its steps in order and returns their rows by name', async (t) => {
      const row = newUser('changed')
      await db.insert(users).values(row)
      const isRow = eq(users.id, row.id)
      const seen: unknown[] = []
      const result = await transaction({
        preconditions: { user: (tx) => tx.lock(tx.select({ id: users.id }).from(users).where(isRow)) },
        steps: {
          name: (tx) => tx.update(users).set({ name: 'Grace' }).where(isRow).returning({ name: users.name }),
          nobody: (tx) => tx.update(users).set({ name: 'Nobody' }).where(eq(users.id, randomUUIDv7())).returning(),
          nothing: (_tx, done) => {
            seen.push({ ...done })
            return null
          },
          hash: (tx) =>
            tx.update(users).set({ passwordHash: 'two' }).where(isRow).returning({ hash: users.passwordHash })
        }
      })
      const before = { user: [{ id: row.id }], name: [{ name: 'Grace' }], nobody: [] }
      t.strictSame(result, { ...before, nothing: [], hash: [{ hash: 'two' }] })
      t.strictSame(seen, [before], 'a step sees the rows of those before it')
      t.match(await db.select().from(users).where(isRow), [{ name: 'Grace', passwordHash: 'two' }])
    })

    t.test('a transaction rolls back all steps if one fails', async (t) => {
      const row = newUser('rolled-back')
      await db.insert(users).values(row)
      const isRow = eq(users.id, row.id)
      const failing = transaction({
        preconditions: { user: (tx) => tx.lock(tx.select().from(users).where(isRow)) },
        steps: {
          name: (tx) => tx.update(users).set({ name: 'Grace' }).where(isRow).returning(),
          twin: (tx) => tx.insert(users).values(newUser('rolled-back')).returning()
        }
      })
      const error = await failing.then(
        () => null,
        (thrown: unknown) => thrown
      )
      t.equal(isUniqueViolation(error), true)
      t.match(await db.select().from(users).where(isRow), [{ name: 'Ada' }])
    })

    t.test('distinguishes a unique violation from other errors', async (t) => {
      const row = newUser('unique')
      await db.insert(users).values(row)
      const errors = {
        name: db.insert(users).values(newUser('unique')),
        id: db.insert(users).values({ ...newUser('other'), id: row.id }),
        update: db.update(users).set({ emailKey: 'rows@example.com' }).where(eq(users.id, row.id)),
        missing: db.insert(users).values({ ...newUser('missing'), passwordHash: null as unknown as string })
      }
      for (const [what, query] of Object.entries(errors)) {
        const error = await Promise.resolve(query).then(
          () => null,
          (thrown: unknown) => thrown
        )
        t.ok(error, `${what} fails`)
        t.equal(isUniqueViolation(error), what !== 'missing', what)
        t.equal(isUnavailable(error), false, `${what} is no outage`)
      }
    })
  })
}

t.test('only the owner can read an SQLite file and its companions', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-db-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await open(t, `file:${join(folder, 'app.db')}`)
  for (const name of ['app.db', 'app.db-wal', 'app.db-shm']) {
    t.equal((statSync(join(folder, name)).mode & 0o777).toString(8), '600', name)
  }
})

t.test('reading the history of an empty SQLite file writes nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-db-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'app.db')
  const connection = await openDatabase(file)
  t.strictSame(await connection.history(), [])
  await connection.close()

  const reader = new BetterSqlite(file)
  t.teardown(() => reader.close())
  t.strictSame(reader.prepare('select name from sqlite_master').all(), [])
})
