import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { deleteEnded, ENDS } from '../../../../src/plugins/identity/auth/cleanup.ts'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, buildWithLog, type LogLine } from '../../../build.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'
import { insertEnded } from './rows.ts'

const distinct = (values: unknown[]) => new Set(values).size
const saidOf = (lines: LogLine[]) => lines.filter(({ event }) => event === 'session_expired').map(({ sid }) => sid)

t.test(
  'ASVS 14.2.7: two replicas that sweep at once delete all, and say of each login once that it ended',
  async (t) => {
    const environment = { DB_URI: await freshPostgresUri() }
    const [first, second] = [await buildWithLog(t, environment), await buildWithLog(t, environment)]
    const { db, tables } = first.app
    const { expired } = await insertEnded(db, tables, 3000)

    let isLeft = true
    const deleteAll = async (app: FastifyInstance) => {
      // One that finds the other at work has nothing to do.
      while (isLeft) {
        for (const end of ENDS) while (await deleteEnded(app, end, new Date()));
        isLeft = (await db.select().from(tables.sessions).limit(1)).length > 0
      }
    }
    await Promise.all([deleteAll(first.app), deleteAll(second.app)])

    const events = await db.select().from(tables.auditEvents)
    t.equal(events.length, expired)
    t.equal(distinct(events.map(({ sid }) => sid)), expired)
    const said = [...saidOf(first.lines), ...saidOf(second.lines)]
    t.equal(said.length, expired)
    t.equal(distinct(said), expired)
  }
)

t.test('while one process is in a transaction of its own another does not begin one', async (t) => {
  const uri = await freshPostgresUri()
  const [first, second] = [await build(t, { DB_URI: uri }), await build(t, { DB_URI: uri })]
  const { users } = first.tables
  const count = (app: FastifyInstance) =>
    app.transaction({ steps: { ids: (tx) => tx.select({ id: users.id }).from(users) }, skipIfLocked: true })
  let during: unknown = 'not asked'
  const slow = first.transaction({
    steps: {
      before: (tx) => tx.select({ id: users.id }).from(users),
      after: (tx) => {
        const asked = count(second).then((rows) => {
          during = rows
        })
        return asked.then(() => tx.select({ id: users.id }).from(users))
      }
    },
    skipIfLocked: true
  })
  t.same(await slow, { before: [], after: [] })
  t.equal(during, null)
  t.same(await count(second), { ids: [] })
})

t.test('the service stops in the middle of a sweep without an error', async (t) => {
  const uri = `file:${t.testdir()}/app.db`
  const made = await build(t, { DB_URI: uri })
  await insertEnded(made.db, made.tables, 2000)
  const { tables } = made
  await made.close()
  const { app, lines } = await buildWithLog(t, { DB_URI: uri }, true)
  await waitUntil(() => saidOf(lines).length > 0, 'it sweeps')
  await app.close()
  t.same(
    lines.filter(({ level }) => level === 'warn' || level === 'error'),
    []
  )
  const { db, close } = await openDatabase(uri)
  t.teardown(close)
  t.ok((await db.select().from(tables.sessions)).length > 0, 'it was not done')
})
