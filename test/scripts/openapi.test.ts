import { readFileSync } from 'node:fs'
import t from 'tap'
import { OPENAPI_FILE, readOpenApi } from '../../scripts/openapi.ts'

t.test('docs/openapi.json is what the routes say: npm run openapi writes it', async (t) => {
  t.equal(readFileSync(OPENAPI_FILE, 'utf8'), await readOpenApi())
})
