import { readFileSync } from 'node:fs'
import t from 'tap'
import { OPENAPI_FILE, readOpenApi } from '../../scripts/openapi.ts'

t.test('docs/openapi.json is up to date', async (t) => {
  t.equal(readFileSync(OPENAPI_FILE, 'utf8'), await readOpenApi())
})
