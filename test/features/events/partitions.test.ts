import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { createEvents } from '../../../src/features/events/events.ts'
import { build, logIn, transports } from '../../build.ts'
import { migratedPostgresUri } from '../../servers.ts'

const DAY_MS = 24 * 3_600_000
const page = readFileSync(join(import.meta.dirname, '../../../docs/scaling.md'), 'utf8')
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

/** A block of SQL in docs/scaling.md, with these values for its psql variables. */
function sqlOf(firstLine: string, variables: Record<string, string>) {
  const block = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].find(([, text = '']) => text.startsWith(firstLine))?.[1]
  if (block === undefined) throw new Error(`no SQL that begins with ${firstLine}`)
  return Object.entries(variables).reduce((text, [name, value]) => text.replaceAll(`:'${name}'`, `'${value}'`), block)
}

t.test('audit_events can be partitioned by time as docs/scaling.md describes', async (t) => {
  const uri = await migratedPostgresUri()
  const app = await build(t, { DB_URI: uri, DB_MIGRATE: 'auto' })
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  const { headers, user } = await logIn(app, 'ada')
  const eventsOf = async () =>
    (await app.inject({ method: 'GET', url: '/api/users/me/events', headers })).json().events.length
  const before = await eventsOf()
  const [now, cut] = [Date.now(), Date.now() + DAY_MS]

  await sql.unsafe(sqlOf('alter table audit_events add', { cut: day(cut), next: day(cut + 30 * DAY_MS) }))
  t.equal(await eventsOf(), before, 'existing events are kept')
  await transports[0]?.logIn(app, 'ada')
  t.ok((await eventsOf()) > before, 'new events are stored')
  t.ok(await app.audit.hasEvent('authn_login_success', user.id, '127.0.0.1'))
  // A month later: rows go to the partition of their time, and cleanup finds expired rows in every partition.
  await sql`update audit_events set created_at = ${new Date(cut + DAY_MS)} where event = 'authn_login_success'`
  const [{ count = 0 } = {}] = await sql`select count(*)::int as count from only audit_events_next`
  t.equal(count, 2)
  await createEvents(app.db, app.tables, app.transaction).deleteExpired(new Date(now + DAY_MS / 2))
  t.equal(await eventsOf(), 2)

  await sql.unsafe(sqlOf('alter table audit_events detach', {}))
  t.equal(await eventsOf(), 2, 'a whole partition is dropped at once')
})
