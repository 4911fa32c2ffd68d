import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { createGroupCommit } from '../../../../src/plugins/platform/db/sqlite/group-commit.ts'

/** A table of unique names in a file, and how often something was committed to it. */
function open(t: Test) {
  const path = join(t.testdir(), 'app.db')
  const client = new BetterSqlite(path)
  t.teardown(() => client.close())
  client.exec('pragma journal_mode = wal; create table items (name text primary key)')
  const other = new BetterSqlite(path)
  t.teardown(() => other.close())
  const commit = createGroupCommit(client, (work) => work())
  const insert = client.prepare('insert into items values (?) returning name')
  return {
    client,
    add: (name: string) => commit(() => insert.all(name)),
    addTwice: (name: string) => commit(client.transaction(() => [insert.all(`${name} 1`), insert.all(name)])),
    /** What another process finds. */
    stored: () => other.prepare('select name from items order by name').pluck().all(),
    wal: () => (client.pragma('wal_checkpoint(passive)') as { log: number }[])[0]?.log
  }
}

t.test('changes of one turn are committed together, once', async (t) => {
  const apart = open(t)
  for (let i = 0; i < 20; i++) await apart.add(`item ${i}`)
  const together = open(t)
  const rows = await Promise.all(Array.from({ length: 20 }, (_, i) => together.add(`item ${i}`)))
  t.same(rows[7], [{ name: 'item 7' }])
  t.equal(together.stored().length, 20)
  const [many = 0, few = 0] = [apart.wal(), together.wal()]
  t.ok(few < many / 4, `${few} pages in place of ${many}`)
})

t.test('a change that fails takes back only itself', async (t) => {
  const { add, addTwice, stored } = open(t)
  await add('a')
  t.match(await Promise.allSettled([add('b'), add('a'), addTwice('a'), add('c'), addTwice('d')]), [
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } },
    { status: 'rejected', reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } },
    { status: 'fulfilled' },
    { status: 'fulfilled' }
  ])
  t.same(stored(), ['a', 'b', 'c', 'd', 'd 1'])
})

t.test('nothing is acknowledged that a full disk did not store', async (t) => {
  const { client, add, stored } = open(t)
  await add('first')
  client.pragma(`max_page_count = ${client.pragma('page_count', { simple: true })}`)
  const names = ['a', 'b'.repeat(100_000), 'c']
  const outcomes = await Promise.allSettled(names.map(add))
  t.match(outcomes[1], { status: 'rejected', reason: { code: 'SQLITE_FULL' } })
  const acknowledged = names.filter((_, i) => outcomes[i]?.status === 'fulfilled')
  t.same(stored(), [...acknowledged, 'first'])
})

t.test('if the commit fails, every change has failed', async (t) => {
  const { client, add, stored } = open(t)
  client.exec('pragma foreign_keys = on; create table parts (item text references items deferrable initially deferred)')
  const orphan = client.prepare("insert into parts values ('none')")
  const commit = createGroupCommit(client, (work) => work())
  const outcomes = await Promise.allSettled([
    commit(() => orphan.run()),
    commit(() => client.exec("insert into items values ('a')"))
  ])
  t.same(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected']
  )
  t.same(stored(), [])
  await add('b')
  t.same(stored(), ['b'])
})
