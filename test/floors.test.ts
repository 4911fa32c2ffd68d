import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

type Lock = { packages: Record<string, { version?: string }> }
const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8'))
const { packages } = read('package-lock.json') as Lock
const manifest = read('package.json')

/** The lowest versions without a known vulnerability, one per release line. Raise them with each advisory (SECURITY.md). */
const floors: Record<string, string[]> = {
  fastify: ['5.12.8'],
  'fast-jwt': ['6.3.6'],
  '@fastify/jwt': ['10.2.8'],
  '@fastify/session': ['11.1.3'],
  '@fastify/cookie': ['11.1.5'],
  'find-my-way': ['9.7.0'],
  'fast-uri': ['3.1.7', '4.1.4'],
  '@fastify/swagger-ui': ['6.1.3'],
  '@fastify/static': ['10.1.2'],
  'drizzle-orm': ['0.45.2'],
  'better-sqlite3': ['13.0.0'],
  ioredis: ['6.0.0'],
  node: ['24.17.0']
}

/** Whether a version is at or above the floor of its major line, or of the last line. */
function isAtOrAbove(version: string, lines: string[]) {
  const numbers = (text: string) => text.split('-')[0]?.split('.').map(Number) ?? []
  const floor = lines.find((line) => numbers(line)[0] === numbers(version)[0]) ?? lines.at(-1) ?? ''
  const difference = numbers(version).map((part, i) => part - (numbers(floor)[i] ?? 0))
  return (difference.find((part) => part !== 0) ?? 0) >= 0
}

t.test('versions are compared as numbers, within their major version', async (t) => {
  const rows: [version: string, lines: string[], expected: boolean][] = [
    ['5.12.8', ['5.12.8'], true],
    ['5.9.9', ['5.12.8'], false],
    ['5.12.10', ['5.12.8'], true],
    ['6.0.0', ['5.12.8'], true],
    ['4.99.0', ['5.12.8'], false],
    ['3.1.8', ['3.1.7', '4.1.4'], true],
    ['4.1.3', ['3.1.7', '4.1.4'], false],
    ['5.0.0', ['3.1.7', '4.1.4'], true],
    ['2.9.0', ['3.1.7', '4.1.4'], false]
  ]
  for (const [version, lines, expected] of rows) t.equal(isAtOrAbove(version, lines), expected, `${version} ${lines}`)
})

for (const [name, lines] of Object.entries(floors)) {
  t.test(`ASVS 15.1.1, 15.2.1: every copy of ${name} in the lock file is at least ${lines.join(' or ')}`, async (t) => {
    const copies = Object.entries(packages).filter(([path]) => path.endsWith(`node_modules/${name}`))
    t.ok(copies.length > 0 || !Object.hasOwn(manifest.dependencies, name), 'it is there, or its part was removed')
    for (const [path, { version = '' }] of copies) t.ok(isAtOrAbove(version, lines), `${path} ${version}`)
  })
}

t.test('better-sqlite3 is version 13 and runs no install script', async (t) => {
  t.match(manifest.dependencies['better-sqlite3'], /^\^13\./)
  t.equal(manifest.allowScripts['better-sqlite3'], false)
})

t.test('postgres is pinned to one version, because db/postgres relies on its behavior', async (t) => {
  t.equal(manifest.dependencies.postgres, packages['node_modules/postgres']?.version)
})

t.test('Node is at or above its lowest safe version, here and in engines', async (t) => {
  t.ok(isAtOrAbove(process.versions.node, floors['node'] ?? []), process.versions.node)
  t.equal(manifest.engines.node, '>=24.17')
  t.notOk('node' in manifest.dependencies, 'a production image uses its own')
})
