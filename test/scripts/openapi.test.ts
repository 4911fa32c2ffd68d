import { readFileSync } from 'node:fs'
import t from 'tap'
import { OPENAPI_FILE, readOpenApi } from '../../scripts/openapi.ts'
import { renderEndpoints } from '../../scripts/reference-endpoints.ts'

t.test('docs/openapi.json is up to date', async (t) => {
  t.equal(readFileSync(OPENAPI_FILE, 'utf8'), await readOpenApi())
})

t.test('docs/endpoints.md lists every operation', async (t) => {
  const { paths } = JSON.parse(readFileSync(OPENAPI_FILE, 'utf8')) as { paths: Record<string, object> }
  const endpoints = renderEndpoints()
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) t.match(endpoints, `\`${method.toUpperCase()} ${path}`)
  }
})
