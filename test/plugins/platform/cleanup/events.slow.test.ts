import t from 'tap'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, databases } from '../../../build.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { migratedPostgresUri, waitUntil } from '../../../servers.ts'
import { insertEnded } from './rows.ts'

const distinct = (values: unknown[]) => new Set(values).size
for (const { name, isPostgres } of databases) {
  t.test(
    `a process killed during cleanup on ${name} loses no event and records none twice`,
    { timeout: 90_000 },
    async (t) => {
      const folder = freshFolder(t)
      const uri = isPostgres ? await migratedPostgresUri() : `file:${folder}/app.db`
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
      await waitUntil(async () => (await left()) < 4000, 'cleanup has started')
      child.kill('SIGKILL')
      await exited
      const remaining = await db.select().from(tables.sessions)
      t.ok(remaining.length > 0, 'cleanup was interrupted')
      const unsaid = remaining.filter(({ revokedAt }) => revokedAt === null).length
      t.equal((await sids()).length, expired - unsaid, 'recorded for the deleted sessions only')

      await startListening(t, folder, environment)
      await waitUntil(async () => (await left()) === 0, 'the next process finishes', 30_000)
      t.equal((await sids()).length, expired)
      t.equal(distinct(await sids()), expired)
    }
  )
}
