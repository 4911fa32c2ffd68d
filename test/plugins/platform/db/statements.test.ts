import BetterSqlite from 'better-sqlite3'
import t from 'tap'
import { keepStatements } from '../../../../src/plugins/platform/db/sqlite/statements.ts'

t.test('preparing a statement again returns the same one, reset to rows as objects', async (t) => {
  const client = new BetterSqlite(':memory:')
  t.teardown(() => client.close())
  const prepare = keepStatements((source) => client.prepare(source))
  const source = 'select 1 as one'

  const first = prepare(source)
  t.same(first.raw().all(), [[1]])
  t.same(prepare(source).all(), [{ one: 1 }])
  t.equal(prepare(source), first)
  const change = 'create table items (name text)'
  t.equal(prepare(change).run().changes, 0)
})

t.test('a kept statement sees changes to its table, and the least recently used one is dropped', async (t) => {
  const client = new BetterSqlite(':memory:')
  t.teardown(() => client.close())
  const prepare = keepStatements((source) => client.prepare(source))
  client.exec("create table items (name text); insert into items values ('a')")

  t.same(prepare('select * from items').all(), [{ name: 'a' }])
  client.exec('alter table items add column size integer default 7')
  t.same(prepare('select * from items').all(), [{ name: 'a', size: 7 }])
  const first = prepare('select 0')
  for (let i = 1; i <= 1000; i++) prepare(`select ${i}`).get()
  t.not(prepare('select 0'), first)
})
