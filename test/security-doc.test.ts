import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findTitles, promises, render } from '../scripts/security-doc.ts'

const titles = findTitles()

t.test('docs/security.md is up to date', async (t) => {
  t.ok(readFileSync(join(import.meta.dirname, '../docs/security.md'), 'utf8') === render(), 'run npm run docs:security')
})

t.test('every promised paragraph has a test', async (t) => {
  const proven = new Set(titles.flatMap(({ ids }) => ids))
  for (const { promise, asvs } of promises) {
    for (const id of Object.keys(asvs)) t.ok(proven.has(id), `${id}: ${promise}`)
  }
})

t.test('no test title names a paragraph that is not promised', async (t) => {
  const promised = new Set(promises.flatMap(({ asvs }) => Object.keys(asvs)))
  t.ok(titles.length > 80)
  for (const { ids, title } of titles) for (const id of ids) t.ok(promised.has(id), `${id}: ${title}`)
})
