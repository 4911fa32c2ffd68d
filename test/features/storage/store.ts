import type { Test } from 'tap'
import type { Store } from '../../../src/features/storage/store.ts'
import { sha256, someBytes } from './calls.ts'

async function* inChunks(bytes: Buffer, length = 100_000) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
async function* failing(bytes: Buffer) {
  yield bytes
  throw new Error('the client is gone')
}

/** What every store promises. */
export async function testStore(t: Test, store: Store) {
  await store.open()
  const bytes = someBytes(300_000)
  const facts = { size: bytes.length, sha256: null }
  const read = async (key: string, range: { start: number; end: number } | null = null) => {
    const found = await store.get(key, bytes.length, range)
    return found && Buffer.concat(await found.toArray())
  }

  t.equal(await read('a.1'), null)
  await store.put('a.1', inChunks(bytes), facts)
  await store.put('a.2', inChunks(bytes, 7000), { ...facts, sha256: sha256(bytes) })
  for (const key of ['a.1', 'a.2']) t.ok((await read(key))?.equals(bytes), key)
  t.ok((await read('a.1', { start: 0, end: 0 }))?.equals(bytes.subarray(0, 1)))
  t.ok((await read('a.1', { start: 150_000, end: 299_999 }))?.equals(bytes.subarray(150_000)))
  t.equal(await store.get('a.1', bytes.length + 1, null), null, 'bytes that are not all there')

  await t.rejects(store.put('b.1', failing(bytes.subarray(0, 1000)), facts), { message: 'the client is gone' })
  t.equal(await store.get('b.1', 1000, null), null, 'a part is not there')
  await store.put('c.1', inChunks(Buffer.alloc(0)), { size: 0, sha256: null })
  t.strictSame(await (await store.get('c.1', 0, null))?.toArray(), [])

  for (const key of ['a.1', 'b.1', 'never.1']) await store.remove(key)
  t.equal(await read('a.1'), null)
  t.ok(await read('a.2'))
}
