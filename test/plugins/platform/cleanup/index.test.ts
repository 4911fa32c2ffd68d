import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { deleteEnded, ENDS } from '../../../../src/plugins/identity/auth/cleanup.ts'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, buildWithLog, type LogLine } from '../../../build.ts'
import { checkEachRecorded } from '../../../features/events/recorded.ts'
import { migratedPostgresUri, waitUntil } from '../../../servers.ts'
import { insertEnded } from './rows.ts'

const distinct = (values: unknown[]) => new Set(values).size
const saidOf = (lines: LogLine[]) => lines.filter(({ event }) => event === 'session_expired').map(({ sid }) => sid)

t.test(
  'ASVS 14.2.7: two replicas that clean up at once delete everything and log each expired session once',
  async (t) => {
    const environment = { DB_URI: await migratedPostgresUri() }
    const [first, second] = [await buildWithLog(t, environment), await buildWithLog(t, environment)]
    const { db, tables } = first.app
    const { expired } = await insertEnded(db, tables, 3000)

    let isLeft = true
    const deleteAll = async (app: FastifyInstance) => {
      // A replica that finds the other one cleaning up does nothing.
      while (isLeft) {
        for (const end of ENDS) while (await deleteEnded(app, end, new Date()));
        isLeft = (await db.select().from(tables.sessions).limit(1)).length > 0
      }
    }
    await Promise.all([deleteAll(first.app), deleteAll(second.app)])

    await checkEachRecorded(t, first.app, expired)
    const said = [...saidOf(first.lines), ...saidOf(second.lines)]
    t.equal(said.length, expired)
    t.equal(distinct(said), expired)
  }
)

t.test('skipIfLocked skips a transaction while another process runs one', async (t) => {
  const uri = await migratedPostgresUri()
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

t.test('the service stops during cleanup without an error', async (t) => {
  const uri = `file:${t.testdir()}/app.db`
  const made = await build(t, { DB_URI: uri })
  await insertEnded(made.db, made.tables, 2000)
  const { tables } = made
  await made.close()
  const { app, lines } = await buildWithLog(t, { DB_URI: uri }, true)
  await waitUntil(() => saidOf(lines).length > 0, 'cleanup has started')
  await app.close()
  t.same(
    lines.filter(({ level }) => level === 'warn' || level === 'error'),
    []
  )
  const { db, close } = await openDatabase(uri)
  t.teardown(close)
  t.ok((await db.select().from(tables.sessions)).length > 0, 'cleanup was interrupted')
})
