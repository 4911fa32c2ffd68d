import { setImmediate as tick } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { sql } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, logIn, transports } from '../../../build.ts'
import { migratedPostgresUri } from '../../../servers.ts'

/** An app with one connection, which all queries share, and a direct client. */
async function open(t: Test) {
  const uri = await migratedPostgresUri()
  const app = await build(t, { DB_URI: uri, DB_POOL_MAX: '1' })
  const direct = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => direct.end({ timeout: 1 }))
  return { app, direct }
}

/** Makes the server forget all prepared statements of the app, or only those that contain a text. */
async function deallocate({ db }: Awaited<ReturnType<typeof build>>, text = '') {
  const like = `%${text}%`
  const run = (db as unknown as { execute(query: unknown): Promise<{ name: string }[]> }).execute.bind(db)
  const rows = await run(
    sql`select name from pg_prepared_statements where statement like ${like} and statement not like '%pg_prepared%'`
  )
  for (const { name } of rows) await run(sql.raw(`deallocate "${name}"`))
  return rows.length
}

t.test('a prepared statement that the server has lost never gives a query the rows of another', async (t) => {
  const { app } = await open(t)
  const users = await Promise.all(['ada', 'eve', 'grace'].map((name) => logIn(app, name, transports[0])))
  for (let round = 0; round < 10; round++) {
    await Promise.all(users.map(({ user }) => app.users.findProfile(user.id)))
    await Promise.all(users.map(({ sid }) => app.sessions.find(sid)))
    t.ok((await deallocate(app, round % 2 ? 'sessions' : 'from "users"')) > 0)
    const pairs: Promise<unknown>[] = []
    for (let i = 0; i < 60; i++) {
      const { user, sid } = users[i % 3] as (typeof users)[number]
      const isRight = (found: { id: string } | null, id: string) => t.equal(found?.id, id)
      pairs.push(
        i % 2
          ? app.users.findProfile(user.id).then((it) => isRight(it, user.id))
          : app.sessions.find(sid).then((it) => isRight(it, sid))
      )
      await tick()
    }
    await Promise.all(pairs)
  }
})

t.test('a query succeeds although a migration has changed its plan', async (t) => {
  const { app, direct } = await open(t)
  const { user } = await logIn(app, 'ada')
  await app.users.findProfile(user.id)
  await direct.unsafe('alter table users alter column name type varchar(300)')
  t.equal((await app.users.findProfile(user.id))?.name, user.name)
})
