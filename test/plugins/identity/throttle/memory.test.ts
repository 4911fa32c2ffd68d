import t, { type Test } from 'tap'
import type { Counter } from '../../../../src/plugins/identity/throttle/limits.ts'
import { createMemoryCounter } from '../../../../src/plugins/identity/throttle/memory.ts'
import { waitUntil } from '../../../servers.ts'
import { redisCounter } from './redis.ts'

/** A way to count; each test has keys of its own. */
export type Store = { name: string; skip: string | false; create(t: Test, seconds: number): Promise<Counter> }
const inMemory: Store = { name: 'memory', skip: false, create: async (_t, seconds) => createMemoryCounter(seconds) }
const stores = [
  inMemory, // one process
  redisCounter // of redis.ts
]
const NONE = { count: 0 }

for (const store of stores) {
  t.test(`a counter in ${store.name}`, { skip: store.skip }, async (t) => {
    t.test('counts each key from its first count until that key expires', async (t) => {
      const counter = await store.create(t, 1000)
      t.match(await counter.get('a'), NONE)
      t.match(await counter.add('a'), { count: 1 })
      const { count, msLeft } = await counter.add('a', 5)
      t.equal(count, 2)
      t.ok(msLeft > 999_000 && msLeft <= 1_000_000, `${msLeft} ms: the first count decides`)
      const short = await counter.add('b', 5)
      t.equal(short.count, 1)
      t.ok(short.msLeft > 4000 && short.msLeft <= 5000, `${short.msLeft} ms`)
      t.match(await counter.get('a'), { count: 2 })
      await counter.delete('a')
      t.match(await counter.get('a'), NONE)
      t.match(await counter.get('b'), { count: 1 })
    })

    t.test('drops a key when it expires', async (t) => {
      const counter = await store.create(t, 1)
      await counter.add('long', 1000)
      await counter.add('a')
      await counter.add('b')
      await waitUntil(async () => (await counter.get('a')).count === 0, 'the key has expired')
      t.match(await counter.add('a'), { count: 1 }, 'and it starts again')
      t.match(await counter.get('long'), { count: 1 })
    })

    t.test('deletes a key at zero: the next count starts a new life, and a count never goes below zero', async (t) => {
      const counter = await store.create(t, 1000)
      await counter.add('a', 5)
      t.strictSame(await counter.subtract('a'), { count: 0, msLeft: 0 })
      t.strictSame(await counter.subtract('a'), { count: 0, msLeft: 0 })
      const { count, msLeft } = await counter.add('a')
      t.equal(count, 1)
      t.ok(msLeft > 5000, `${msLeft} ms`)
    })

    t.test('ASVS 15.4.2: loses no concurrent count', async (t) => {
      const counter = await store.create(t, 1000)
      const calls = Array.from({ length: 100 }, (_, i) => (i % 3 === 2 ? counter.subtract('a') : counter.add('a')))
      await Promise.all(calls)
      t.match(await counter.get('a'), { count: 67 - 33 })
    })
  })
}

t.test('a counter in memory drops its oldest key when there are too many', async (t) => {
  const counter = createMemoryCounter(1000, 2)
  for (const key of ['a', 'b', 'a', 'c']) await counter.add(key)
  t.match(await counter.get('a'), NONE)
  t.match(await counter.get('b'), { count: 1 })
  t.match(await counter.get('c'), { count: 1 })
})
