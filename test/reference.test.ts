import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pages } from '../scripts/reference.ts'
import { settingNames } from '../src/plugins/platform/config/settings.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8')

for (const [path, render] of Object.entries(pages)) {
  t.test(`${path} is up to date`, async (t) => {
    t.ok(read(path) === render(), 'run npm run docs:reference')
  })
}

t.test('the reference explains every setting and lists every operation', async (t) => {
  const settings = read('docs/settings.md')
  for (const name of settingNames()) t.match(settings, new RegExp(`^\\| \`${name}\` \\| [^|]+ \\| [^|]+\\.`, 'm'), name)
  const endpoints = read('docs/endpoints.md')
  const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, object> }
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) t.match(endpoints, `\`${method.toUpperCase()} ${path}`)
  }
})
