import { pino } from 'pino'
import t from 'tap'
import { markDatabaseError } from '../../../src/plugins/db/errors.ts'
import { createSweeper } from '../../../src/plugins/sweep/sweeper.ts'
import { waitUntil } from '../../wait.ts'

function open() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { lines, sweeper: createSweeper(log, 20) }
}

t.test('each batch runs until nothing is left, again each round', async (t) => {
  const { sweeper, lines } = open()
  t.teardown(() => sweeper.stop())
  const calls: string[] = []
  const add = (name: string, left: number) =>
    sweeper.add(async () => {
      calls.push(name)
      return left-- > 1
    })
  add('a', 3)
  add('b', 1)
  sweeper.start()
  await waitUntil(() => calls.length >= 8, 'three rounds')
  t.same(calls.slice(0, 8), ['a', 'a', 'a', 'b', 'a', 'b', 'a', 'b'])
  t.same(lines, [])
})

t.test('what fails is said, keeps no other from its work and is tried again', async (t) => {
  const { sweeper, lines } = open()
  t.teardown(() => sweeper.stop())
  let [tries, others] = [0, 0]
  sweeper.add(async () => {
    if (++tries < 3) throw new Error('not now')
    return false
  })
  sweeper.add(async () => ++others < 0)
  sweeper.start()
  await waitUntil(() => others >= 4, 'four rounds')
  t.ok(tries >= 4)
  t.match(lines, [{ level: 40, err: { message: 'not now' } }, { level: 40 }])
})

t.test('a database that is down is no news', async (t) => {
  const { sweeper, lines } = open()
  t.teardown(() => sweeper.stop())
  let tries = 0
  sweeper.add(async () => {
    tries++
    throw markDatabaseError(Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }))
  })
  sweeper.start()
  await waitUntil(() => tries >= 3, 'three rounds')
  t.same(lines, [])
})

t.test('after each batch it rests longer than that took', async (t) => {
  const { sweeper } = open()
  t.teardown(() => sweeper.stop())
  const begins: number[] = []
  sweeper.add(async () => {
    begins.push(performance.now())
    while (performance.now() - (begins.at(-1) ?? 0) < 20);
    return begins.length < 3
  })
  sweeper.start()
  await waitUntil(() => begins.length >= 3, 'three batches')
  t.ok((begins[1] ?? 0) - (begins[0] ?? 0) >= 90, 'a fifth of the time at most')
})

t.test('stop waits for the batch at work, and nothing comes after it', async (t) => {
  const { sweeper, lines } = open()
  let [begun, ended] = [0, 0]
  const work = Promise.withResolvers<void>()
  sweeper.add(async () => {
    begun++
    await work.promise
    ended++
    return true
  })
  sweeper.start()
  await waitUntil(() => begun === 1, 'it works')
  const stopped = sweeper.stop()
  work.resolve()
  await stopped
  t.same([begun, ended], [1, 1])
  t.same(lines, [])
})

t.test('one that never began can be stopped', async () => open().sweeper.stop())
