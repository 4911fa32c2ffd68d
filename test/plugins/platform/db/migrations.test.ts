import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { FastifyBaseLogger } from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { isPostgres } from '../../../../src/plugins/platform/db/address.ts'
import { createSchemaCheck } from '../../../../src/plugins/platform/db/check-schema.ts'
import { loadSqlite } from '../../../../src/plugins/platform/db/drizzle.ts'
import { migrationsFor, openDatabase, planMigrations } from '../../../../src/plugins/platform/db/migrations.ts'
import { createTables } from '../../../../src/plugins/platform/db/tables.ts'
import type { Migration } from '../../../../src/plugins/platform/db/types.ts'
import * as tableDefinitions from '../../../../src/tables.ts'
import { build, buildWithLog, databases, logIn } from '../../../build.ts'
import { freshFolder } from '../../../process.ts'
import { freshPostgresUri } from '../../../servers.ts'
import { APPLIED, COUNT, copyProject, freshUri, migrate } from './project.ts'

/** A migration that follows those in drizzle/. */
const extra = (hash: string): Migration => ({ hash, folderMillis: 9e12, sql: [`create table "${hash}" (id integer)`] })

/** Applies our migrations and then more, as a later release does. */
async function migrateFurther(uri: string, ...hashes: string[]) {
  const connection = await openDatabase(uri)
  const more = hashes.map((hash, i) => ({ ...extra(hash), folderMillis: 9e12 + i }))
  await connection.migrate(planMigrations([...migrationsFor(uri)([]), ...more]))
  await connection.close()
}

for (const database of databases) {
  t.test(`a history on ${database.name} that does not match the files stops the migration`, async (t) => {
    const uri = await database.emptyUri()
    const connection = await openDatabase(uri)
    t.teardown(() => connection.close())
    const file = (n: number): Migration => ({
      hash: `hash ${n}`,
      folderMillis: n,
      sql: [`create table t${n} (id integer)`]
    })
    await connection.migrate(planMigrations([file(1), file(2)]))

    const edited = planMigrations([file(1), { ...file(2), hash: 'another' }])
    await t.rejects(connection.migrate(edited), { message: /^Migration 2 in the database is not the one in drizzle/ })
    const removed = planMigrations([file(2)])
    await t.rejects(connection.migrate(removed), { message: /^Migration 1 in the database is not the one in drizzle/ })
    const inserted = planMigrations([file(1), { ...file(1), hash: 'inserted', folderMillis: 1.5 }, file(2)])
    await t.rejects(connection.migrate(inserted), { message: /^Migration 2 in the database is not the one in drizzle/ })
    const late = planMigrations([file(1), file(2), { ...file(3), folderMillis: 1.5 }])
    await t.rejects(connection.migrate(late), { message: /^Migration 3 in drizzle\/ is older than the one before it/ })
    t.equal(await connection.migrate(planMigrations([file(1)])), 0, 'a release before this one finds nothing to do')
    t.strictSame(await connection.history(), ['hash 1', 'hash 2'], 'nothing was applied')
    t.equal(await connection.migrate(planMigrations([file(1), file(2), file(3)])), 1, 'a new one is')
  })

  t.test(`a failed migration of ${database.name} leaves nothing behind`, async (t) => {
    const connection = await openDatabase(await database.emptyUri())
    t.teardown(() => connection.close())
    const good = { hash: 'good', folderMillis: 1, sql: ['create table kept (id integer)'] }
    const bad = {
      hash: 'bad',
      folderMillis: 2,
      sql: ['create table half (id integer)', 'insert into nowhere values (1)']
    }
    await t.rejects(connection.migrate(planMigrations([good, bad])), /nowhere/)
    t.strictSame(await connection.history(), [])
    t.equal(await connection.migrate(planMigrations([good])), 1, 'and can be mended')
  })

  t.test(`a migration that ${database.name} refuses is named with the cure, and without values of rows`, async (t) => {
    const connection = await openDatabase(await database.emptyUri())
    t.teardown(() => connection.close())
    const table = ['create table tasks (title text)', "insert into tasks values ('hunter2'), ('hunter2')"]
    const plan = (sql: string) =>
      planMigrations([
        { hash: 'tasks', folderMillis: 1, sql: table },
        { hash: sql, folderMillis: 2, sql: [sql], file: 'drizzle/0001_due.sql' }
      ])
    const integer = database.isPostgres
      ? 'alter table tasks alter title type integer using title::integer'
      : 'create table numbers (n integer primary key) strict; insert into numbers select title from tasks'
    for (const [sql, told] of [
      ['alter table tasks add column due integer not null', /A new column needs a default/],
      ['create unique index titles on tasks (title)', /must be unique/],
      [integer, /^drizzle/]
    ] as const) {
      const error: Error = await connection.migrate(plan(sql)).catch((error) => error)
      t.match(error, { name: 'OperatorError', message: told })
      t.match(error.message, /^drizzle\/0001_due\.sql failed, so no migration was applied: [^\n]+$/)
      t.notMatch(error.message, 'hunter2')
    }
    t.strictSame(await connection.history(), [])
  })

  t.test(`DB_MIGRATE=check refuses to start on ${database.name} while migrations are pending`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'starter-check-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const DB_URI = await freshUri(folder, database)
    await t.rejects(build(t, { DB_URI, DB_MIGRATE: 'check' }), {
      message: `${COUNT} database migrations are pending: npm run db:migrate`
    })

    const connection = await openDatabase(DB_URI)
    await connection.migrate(migrationsFor(DB_URI))
    await connection.close()
    const app = await build(t, { DB_URI, DB_MIGRATE: 'check' })
    await t.resolves(app.dependencies.get('database')?.check() ?? Promise.reject())
  })
}

for (const database of databases) {
  for (const DB_MIGRATE of ['check', 'auto']) {
    t.test(
      `with DB_MIGRATE=${DB_MIGRATE}, a replica starts on ${database.name} even if a later release has migrated it`,
      async (t) => {
        const DB_URI = await freshUri(freshFolder(t), database)
        await migrateFurther(DB_URI, 'of the next release')

        const { app, lines } = await buildWithLog(t, { DB_URI, DB_MIGRATE })

        await t.resolves(logIn(app, 'ada'))
        await t.resolves(app.dependencies.get('database')?.check() ?? Promise.reject())
        const told = lines.filter(({ dependency }) => dependency === 'database')
        const line = {
          level: 'warn',
          unknownMigrations: 1,
          msg: 'the database is newer than the code: a later release has migrated it'
        }
        t.match(told, [line], 'one line says so')
        t.equal(told.length, 1)
      }
    )

    t.test(
      `with DB_MIGRATE=${DB_MIGRATE}, no replica starts on ${database.name} with a different history of any length`,
      async (t) => {
        const DB_URI = await freshUri(freshFolder(t), database)
        const [first, ...rest] = migrationsFor(DB_URI)([])
        const foreign = [{ ...(first as Migration), hash: 'edited' }, ...rest]
        const connection = await openDatabase(DB_URI)
        await connection.migrate(planMigrations(foreign))
        const refused = { message: /^Migration 1 in the database is not the one in drizzle/ }
        await t.rejects(build(t, { DB_URI, DB_MIGRATE }), refused)
        await connection.migrate(planMigrations([...foreign, extra('one more')]))
        await t.rejects(build(t, { DB_URI, DB_MIGRATE }), refused)
        await connection.close()
      }
    )
  }
}

t.test('a database that comes back with more migrations is used, but not one with fewer', async (t) => {
  const DB_URI = await freshPostgresUri()
  await migrateFurther(DB_URI, 'one')
  const connection = await openDatabase(DB_URI)
  t.teardown(() => connection.close())
  const lines: string[] = []
  const log = { info: () => {}, warn: (_: object, text: string) => lines.push(text) } as unknown as FastifyBaseLogger
  const checkSchema = createSchemaCheck(connection, { DB_URI, DB_MIGRATE: 'check' }, log)
  await checkSchema()
  await checkSchema()
  t.equal(lines.length, 1, 'told once')

  await migrateFurther(DB_URI, 'one', 'two')
  await checkSchema()
  t.equal(lines.length, 2, 'told again')

  const admin = postgres(DB_URI, { max: 1 })
  t.teardown(() => admin.end())
  await admin`delete from drizzle.__drizzle_migrations where hash = 'two'`
  await t.rejects(checkSchema(), { message: /^1 database migration is pending/ })
  await admin`insert into drizzle.__drizzle_migrations (hash, created_at) values ('another', 9e15)`
  await t.resolves(checkSchema())
  await admin`update drizzle.__drizzle_migrations set hash = 'edited' where id = 1`
  await t.rejects(checkSchema(), { message: /^Migration 1 in the database is not the one in drizzle/ })
})

t.test('by default, the service migrates SQLite at startup but not PostgreSQL', async (t) => {
  for (const database of databases) {
    const start = build(t, { DB_URI: await database.emptyUri(), DB_MIGRATE: 'default' })
    await (database.isPostgres ? t.rejects(start, /migrations are pending/) : t.resolves(start))
  }
})

t.test('rebuilding an SQLite table keeps the rows that reference it', async (t) => {
  const connection = await openDatabase(':memory:')
  t.teardown(() => connection.close())
  const { sqliteTable, text } = loadSqlite()
  const children = sqliteTable('children', { userId: text('user_id') })
  const sql = ['create table children (user_id text references users(id) on delete cascade)']
  const first = [...migrationsFor(':memory:')([]), { hash: 'children', folderMillis: Date.now() + 1e12, sql }]
  await connection.migrate(planMigrations(first))
  const { users } = createTables(tableDefinitions, connection.dialect)
  const rows = () => connection.db.select().from(children as unknown as typeof users)
  const time = new Date('2026-03-01T12:00:00Z')
  const user = { id: 'a user', username: 'ada', usernameKey: 'ada', email: 'a@b.c', emailKey: 'a@b.c', name: 'Ada' }
  await connection.db.insert(users).values({ ...user, passwordHash: 'one', createdAt: time, updatedAt: time })
  await connection.db.insert(children as unknown as typeof users).values({ userId: user.id } as never)

  // What drizzle-kit writes when a column becomes nullable.
  const columns = 'id, username, username_key, email, email_key, name, password_hash, created_at, updated_at'
  const definitions = columns
    .replace('id', 'id text primary key not null')
    .replace('password_hash', 'password_hash text')
  const rebuild = {
    hash: 'rebuild',
    folderMillis: Date.now() + 2e12,
    sql: [
      'PRAGMA foreign_keys=OFF;',
      `CREATE TABLE __new_users (${definitions});`,
      `INSERT INTO __new_users (${columns}) SELECT ${columns} FROM users;`,
      'DROP TABLE users;',
      'ALTER TABLE __new_users RENAME TO users;',
      'PRAGMA foreign_keys=ON;'
    ]
  }
  t.equal(await connection.migrate(planMigrations([...first, rebuild])), 1)
  t.match(await rows(), [{ userId: user.id }])
  await connection.db.delete(users)
  t.strictSame(await rows(), [], 'and foreign keys hold again')
})

t.test('an SQLite migration that breaks a foreign key is rolled back as a whole', async (t) => {
  const connection = await openDatabase(':memory:')
  t.teardown(() => connection.close())
  const tables = {
    hash: 'tables',
    folderMillis: 1,
    sql: ['create table parents (id integer primary key)', 'create table children (id integer references parents)']
  }
  const orphan = { hash: 'orphan', folderMillis: 2, sql: ['insert into children values (7)'] }
  await connection.migrate(planMigrations([tables]))
  await t.rejects(connection.migrate(planMigrations([tables, orphan])), { message: /breaks 1 foreign keys/ })
  t.strictSame(await connection.history(), ['tables'])
})

t.test('an SQLite migration waits while another process is migrating', async (t) => {
  const folder = copyProject(t)
  const other = new BetterSqlite(join(folder, 'app.db'))
  other.pragma('journal_mode = WAL')
  other.exec('begin immediate')
  const end = migrate(folder, `file:${folder}/app.db`)
  // Longer than a request would wait, plus the time in which the process starts.
  setTimeout(() => other.exec('commit').close(), 1500)
  t.match(await end, { code: 0, printed: APPLIED })
})

t.test('npm run db:migrate reports what is wrong without printing the database address', async (t) => {
  const folder = copyProject(t)
  const { code, printed } = await migrate(folder, 'postgres://ada:hunter22@127.0.0.1:1/app')
  t.equal(code, 1)
  t.match(printed, /^DB_URI leads to a server that refuses connections: .* \(ECONNREFUSED\)\n$/)
  t.equal(existsSync(join(folder, '.env')), false)
})

t.test('the dialect follows from the database address', async (t) => {
  t.equal(isPostgres('postgres://localhost/app'), true)
  t.equal(isPostgres('postgresql://localhost/app'), true)
  t.equal(isPostgres('file:./postgres.db'), false)
  t.equal(isPostgres('./app.db'), false)
})
