import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** A file for each database: several apps may share it, as replicas do. */
export async function startPostgres() {
  return { createDatabase: async () => `file:${folder}/${++count}.db` }
}
