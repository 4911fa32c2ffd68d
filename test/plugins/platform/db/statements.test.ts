import BetterSqlite from 'better-sqlite3'
import t from 'tap'
import { limitBusyTimeout } from '../../../../src/plugins/platform/db/sqlite/busy-timeout.ts'

t.test('a statement that is prepared again is the same one, in the form that it began with', async (t) => {
  const client = new BetterSqlite(':memory:')
  t.teardown(() => client.close())
  const { prepare } = limitBusyTimeout(client, () => {})
  const source = 'select 1 as one'

  const first = prepare(source)
  t.same(first.raw().all(), [[1]])
  t.same(prepare(source).all(), [{ one: 1 }])
  t.equal(prepare(source), first)
  const change = 'create table items (name text)'
  t.equal(prepare(change).run().changes, 0)
})

t.test('a kept statement follows a change of its table, and others make room for it', async (t) => {
  const client = new BetterSqlite(':memory:')
  t.teardown(() => client.close())
  const { prepare } = limitBusyTimeout(client, () => {})
  client.exec("create table items (name text); insert into items values ('a')")

  t.same(prepare('select * from items').all(), [{ name: 'a' }])
  client.exec('alter table items add column size integer default 7')
  t.same(prepare('select * from items').all(), [{ name: 'a', size: 7 }])
  const first = prepare('select 0')
  for (let i = 1; i <= 1000; i++) prepare(`select ${i}`).get()
  t.not(prepare('select 0'), first)
})
