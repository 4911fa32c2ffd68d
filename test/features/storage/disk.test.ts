import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { examineFiles } from '../../../scripts/doctor-files.ts'
import { createDiskStore } from '../../../src/features/storage/disk.ts'
import { build, logIn } from '../../build.ts'
import { create, get, outcome, put, sha256, someBytes, upload } from './calls.ts'
import { testStore } from './store.ts'

async function* oneChunk(bytes: Buffer) {
  yield bytes
}

t.test('a folder keeps what a store promises', async (t) => {
  const folder = join(t.testdir(), 'deep/inside')
  await testStore(t, createDiskStore(folder))
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.equal(statSync(join(folder, 'a.2')).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder).sort(), ['a.2', 'c.1'])
})

t.test('a key is written once', async (t) => {
  const folder = t.testdir({ 'a.1.part': 'of another process' })
  const store = createDiskStore(folder)
  const stored = store.put('a.1', oneChunk(someBytes(10)), { size: 10, sha256: null })
  await t.rejects(stored, { code: 'STORAGE_UNAVAILABLE', cause: { code: 'EEXIST' } })
})

t.test('a disk that fails is a 503 of its own, and the file can be uploaded later', async (t) => {
  const folder = join(t.testdir(), 'files')
  const app = await build(t, { STORAGE_URI: `file:${folder}` })
  const ada = await logIn(app, 'ada')
  const bytes = someBytes()
  const { id } = await create(app, ada, { sha256: sha256(bytes) })
  rmSync(folder, { recursive: true })
  t.equal(outcome(await put(app, ada, id, bytes)), '503 STORAGE_UNAVAILABLE')
  const ready = await app.inject({ method: 'GET', url: '/readyz' })
  t.equal(ready.statusCode, 200, 'the database is not to blame')
  mkdirSync(folder)
  t.equal((await put(app, ada, id, bytes)).statusCode, 200)
  const other = await upload(app, ada)

  writeFileSync(join(folder, `${id}.2`), bytes.subarray(0, 500))
  t.equal(outcome(await get(app, ada, id)), '503 STORAGE_UNAVAILABLE', 'a shorter file is none')
  rmSync(join(folder, `${id}.2`))
  t.equal(outcome(await get(app, ada, id)), '503 STORAGE_UNAVAILABLE', 'missing bytes are no 404')
  t.equal((await get(app, ada, other.id)).statusCode, 200)
})

t.test('the doctor tries the folder, and leaves nothing there', async (t) => {
  const folder = t.testdir({ occupied: 'by a file' })
  const examine = async (STORAGE_URI: string | null) => {
    const found: string[] = []
    await examineFiles({ STORAGE_URI }, (title, finding) => found.push(finding?.text ?? `pass ${title}`))
    return found
  }
  t.match(await examine(`file:${folder}/files`), [/pass .*store/, /pass .*read/, /pass .*delete/])
  t.strictSame(readdirSync(join(folder, 'files')), [])
  t.match(await examine(`file:${folder}/occupied`), [/^It names a folder that cannot be written \(EEXIST\)/])
  t.match(await examine(null), [/^It is not set/])
})
