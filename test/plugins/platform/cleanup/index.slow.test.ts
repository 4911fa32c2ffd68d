import t from 'tap'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, databases } from '../../../build.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'
import { insertEnded } from './rows.ts'

const distinct = (values: unknown[]) => new Set(values).size
for (const { name, isPostgres } of databases) {
  t.test(
    `killed in the middle of a sweep on ${name} it loses nothing and repeats nothing`,
    { timeout: 90_000 },
    async (t) => {
      const folder = freshFolder(t)
      const uri = isPostgres ? await freshPostgresUri() : `file:${folder}/app.db`
      const made = await build(t, { DB_URI: uri })
      const { expired } = await insertEnded(made.db, made.tables, 4000)
      const { tables } = made
      await made.close()
      const { db, close } = await openDatabase(uri)
      t.teardown(close)
      const left = async () => (await db.select({ id: tables.sessions.id }).from(tables.sessions)).length
      const sids = async () =>
        (await db.select({ sid: tables.auditEvents.sid }).from(tables.auditEvents)).map(({ sid }) => sid)
      const environment = { ...settled, DB_URI: uri, DB_MIGRATE: 'auto' }

      const { child, exited } = await startListening(t, folder, environment)
      await waitUntil(async () => (await left()) < 4000, 'it sweeps')
      child.kill('SIGKILL')
      await exited
      const remaining = await db.select().from(tables.sessions)
      t.ok(remaining.length > 0, 'it was not done')
      const unsaid = remaining.filter(({ revokedAt }) => revokedAt === null).length
      t.equal((await sids()).length, expired - unsaid, 'said of those that are gone, and of no others')

      await startListening(t, folder, environment)
      await waitUntil(async () => (await left()) === 0, 'the next one ends it', 30_000)
      t.equal((await sids()).length, expired)
      t.equal(distinct(await sids()), expired)
    }
  )
}
