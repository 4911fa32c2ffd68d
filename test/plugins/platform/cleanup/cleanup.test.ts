import { pino } from 'pino'
import t from 'tap'
import { createCleanup } from '../../../../src/plugins/platform/cleanup/cleanup.ts'
import { markDatabaseError } from '../../../../src/plugins/platform/db/errors.ts'
import { waitUntil } from '../../../wait.ts'

function open() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { lines, cleanup: createCleanup(log, 20) }
}

t.test('each round runs each batch until nothing is left', async (t) => {
  const { cleanup, lines } = open()
  t.teardown(() => cleanup.stop())
  const calls: string[] = []
  const add = (name: string, left: number) =>
    cleanup.add(async () => {
      calls.push(name)
      return left-- > 1
    })
  add('a', 3)
  add('b', 1)
  cleanup.start()
  await waitUntil(() => calls.length >= 8, 'three rounds')
  t.same(calls.slice(0, 8), ['a', 'a', 'a', 'b', 'a', 'b', 'a', 'b'])
  t.same(lines, [])
})

t.test('a failed batch is logged, does not stop the others, and is tried again', async (t) => {
  const { cleanup, lines } = open()
  t.teardown(() => cleanup.stop())
  let [tries, others] = [0, 0]
  cleanup.add(async () => {
    if (++tries < 3) throw new Error('not now')
    return false
  })
  cleanup.add(async () => ++others < 0)
  cleanup.start()
  await waitUntil(() => others >= 4, 'four rounds')
  t.ok(tries >= 4)
  t.match(lines, [{ level: 40, err: { message: 'not now' } }, { level: 40 }])
})

t.test('a database outage is not logged as a warning', async (t) => {
  const { cleanup, lines } = open()
  t.teardown(() => cleanup.stop())
  let tries = 0
  cleanup.add(async () => {
    tries++
    throw markDatabaseError(Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }))
  })
  cleanup.start()
  await waitUntil(() => tries >= 3, 'three rounds')
  t.same(lines, [])
})

t.test('the pause after a batch is four times as long as the batch took', async (t) => {
  const { cleanup } = open()
  t.teardown(() => cleanup.stop())
  const begins: number[] = []
  cleanup.add(async () => {
    begins.push(performance.now())
    while (performance.now() - (begins.at(-1) ?? 0) < 20);
    return begins.length < 3
  })
  cleanup.start()
  await waitUntil(() => begins.length >= 3, 'three batches')
  t.ok((begins[1] ?? 0) - (begins[0] ?? 0) >= 90, 'at most a fifth of the time is spent deleting')
})

t.test('stop waits for the running batch, and no other starts', async (t) => {
  const { cleanup, lines } = open()
  let [begun, ended] = [0, 0]
  const work = Promise.withResolvers<void>()
  cleanup.add(async () => {
    begun++
    await work.promise
    ended++
    return true
  })
  cleanup.start()
  await waitUntil(() => begun === 1, 'the batch runs')
  const stopped = cleanup.stop()
  work.resolve()
  await stopped
  t.same([begun, ended], [1, 1])
  t.same(lines, [])
})

t.test('stop works before start', async () => open().cleanup.stop())
