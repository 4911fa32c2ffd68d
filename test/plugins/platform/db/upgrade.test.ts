import BetterSqlite from 'better-sqlite3'
import postgres from 'postgres'
import t from 'tap'
import { migrationsFor, openDatabase, planMigrations } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, databases, type LoggedIn, PASSWORD, signUp, transports } from '../../../build.ts'
import { checkRecorded, eventsTable } from '../../../features/events/recorded.ts'
import { freshFolder } from '../../../process.ts'
import { freshUri } from './project.ts'

/** The last release is 0.1.0; it had this many migrations. */
const RELEASED = 3
const TABLES = [
  'users',
  'sessions',
  eventsTable // of features/events
]

/** Copies the columns that the older database has. */
async function copyRows(isPostgres: boolean, from: string, to: string) {
  if (!isPostgres) {
    const database = new BetterSqlite(to.replace('file:', ''))
    database.prepare('attach ? as later').run(from.replace('file:', ''))
    for (const table of TABLES) {
      const columns = database.prepare('select name from pragma_table_info(?)').pluck().all(table).join()
      database.exec(`insert into main.${table} (${columns}) select ${columns} from later.${table}`)
    }
    return database.close()
  }
  const [source, target] = [postgres(from, { max: 1 }), postgres(to, { max: 1 })]
  for (const table of TABLES) {
    const columns = await target`select column_name as name from information_schema.columns where table_name = ${table}`
    const rows = await source`select ${source(columns.map(({ name }) => name))} from ${source(table)}`
    await target`insert into ${target(table)} ${target(rows)}`
  }
  await Promise.all([source.end(), target.end()])
}

for (const database of databases) {
  t.test(`an upgrade from 0.1.0 on ${database.name} keeps accounts, sessions, and revocations`, async (t) => {
    const [current, old] = [await freshUri(freshFolder(t), database), await freshUri(freshFolder(t), database)]
    const connection = await openDatabase(old)
    await connection.migrate(planMigrations(migrationsFor(old)([]).slice(0, RELEASED)))
    await connection.close()

    const before = await build(t, { DB_URI: current })
    const user = await signUp(before, 'ada')
    const sessions: { active: LoggedIn; revoked: LoggedIn }[] = []
    for (const transport of transports) {
      const [active, revoked] = [await transport.logIn(before, 'ada'), await transport.logIn(before, 'ada')]
      const reply = await before.inject({ method: 'POST', url: '/api/auth/logout', headers: revoked.headers })
      t.equal(reply.statusCode, 204)
      sessions.push({ active, revoked })
    }
    await before.close()
    await copyRows(database.isPostgres, current, old)

    const after = await build(t, { DB_URI: old })
    const me = ({ headers }: LoggedIn) => after.inject({ method: 'GET', url: '/api/users/me', headers })
    for (const { active, revoked } of sessions) {
      t.strictSame((await me(active)).json(), user)
      t.equal((await me(revoked)).statusCode, 401)
      const { refreshToken } = active.body
      if (!refreshToken) continue
      const payload = { refreshToken }
      t.equal((await after.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })).statusCode, 200)
    }
    for (const transport of transports) await t.resolves(transport.logIn(after, 'ada', { password: PASSWORD }))
    for (const { revoked } of sessions) await checkRecorded(t, after, revoked.sid)
  })
}
