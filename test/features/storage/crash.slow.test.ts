import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createDiskStore } from '../../../src/features/storage/disk.ts'
import { testCrashes } from './crash.ts'

t.setTimeout(300_000)

t.test('after kill -9 at fifty points of an upload, what is stored is whole, and nothing else is left', async (t) => {
  const folder = join(t.testdir(), 'files')
  await testCrashes(t, {
    uri: `file:${folder}`,
    store: createDiskStore(folder),
    keys: () => (existsSync(folder) ? readdirSync(folder) : []),
    rounds: 10,
    points: [0, 0.5, 0.99, 1, 1]
  })
})
