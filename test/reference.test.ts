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

t.test('the reference explains every setting', async (t) => {
  const settings = read('docs/settings.md')
  for (const name of settingNames()) t.match(settings, new RegExp(`^\\| \`${name}\` \\| [^|]+ \\| [^|]+\\.`, 'm'), name)
})
