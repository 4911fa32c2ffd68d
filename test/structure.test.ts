import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { eventNames } from '../src/plugins/platform/audit/event-types.ts'
import { settingNames } from '../src/plugins/platform/config/settings.ts'
import { buildWithRouteList } from './route-list.ts'

// The rules of the layout. A failure names the rule that was broken.

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const files = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => path.replaceAll('\\', '/'))
/** From bottom to top: a file imports only from its own wing and from earlier ones. */
const WINGS = ['src/plugins/platform', 'src/plugins/http', 'src/plugins/identity', 'src/features', 'src/routes']
/** The folders of plugins: each is a concern. */
const concerns = WINGS.slice(0, 4).flatMap((wing) =>
  readdirSync(join(ROOT, wing), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, folder: `${wing}/${name}`, tests: `${wing.replace('src', 'test')}/${name}` }))
)
const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*$/gm, '')
const code = new Map(files.map((path) => [path, withoutComments(read(path))]))
/** The files whose code contains this. */
const filesWith = (pattern: RegExp) => files.filter((path) => pattern.test(code.get(path) ?? '')).sort()

for (const { name, folder, tests } of concerns) {
  t.test(`${name} is a folder, a plugin of that name, a line in app.ts, and a folder of tests`, async (t) => {
    const { default: plugin } = await import(join(ROOT, folder, 'index.ts'))
    t.equal(plugin[Symbol.for('plugin-meta')]?.name, name)
    const path = `./${relative('src', folder)}/index.ts`
    const [, line] = new RegExp(`^import (\\w+) from '${path}'$`, 'm').exec(read('src/app.ts')) ?? []
    t.match(read('src/app.ts'), new RegExp(`^  await app\\.register\\(${line}\\b`, 'm'))
    t.ok(globSync(`${tests}/*.test.ts`, { cwd: ROOT }).length > 0, 'it has tests')
    t.match(read('README.md'), new RegExp(`\\b${name}\\b`), 'README names it')
    for (const file of ['env.ts', 'audit-events.ts'].filter((file) => existsSync(join(ROOT, folder, file)))) {
      t.match(code.get(`${folder}/index.ts`), new RegExp(`^import './${file}'$`, 'm'), `it imports ${file}`)
    }
  })
}

t.test('every folder of tests has its plugin', async (t) => {
  const folders = WINGS.slice(0, 4).flatMap((wing) => globSync(`${wing.replace('src', 'test')}/*/`, { cwd: ROOT }))
  const known = concerns.map(({ tests }) => tests)
  t.same(
    folders.map((path) => path.replaceAll('\\', '/').replace(/\/$/, '')).filter((path) => !known.includes(path)),
    []
  )
})

t.test('imports point one way: routes, features, identity, http, platform', async (t) => {
  const wingOf = (path: string) => WINGS.findIndex((wing) => path.startsWith(`${wing}/`))
  for (const path of files.filter((file) => wingOf(file) >= 0)) {
    const targets = [...(code.get(path) ?? '').matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map(
      ([, from, dynamic]) => relative(ROOT, join(ROOT, dirname(path), from ?? dynamic ?? ''))
    )
    const upward = targets.filter((target) => wingOf(target) > wingOf(path))
    t.same(upward, [], path)
    const owner = concerns.find(({ folder }) => path.startsWith(`${folder}/`))?.folder
    const foreign = targets.filter((target) => target.startsWith('src/features/') && !target.startsWith(`${owner}/`))
    if (!path.startsWith('src/routes/')) t.same(foreign, [], `${path} imports no other feature`)
  }
})

t.test('app.ts only registers plugins', async (t) => {
  t.notMatch(code.get('src/app.ts'), /\bif \(|\bfor \(| \? |&&|\|\|/)
})

t.test('a table belongs to its concern: the rest of src names it only in the index of tables', async (t) => {
  const owned = files.filter((path) => / = defineTable\(/.test(code.get(path) ?? ''))
  t.ok(owned.length > 0)
  for (const path of owned) {
    t.match(path, /\/tables.ts$/)
    const names = [...(code.get(path) ?? '').matchAll(/^export const (\w+) = defineTable\(/gm)].map(([, name]) => name)
    for (const name of names) {
      const importing = filesWith(
        new RegExp(`^(import|export) \\{[^}]*(?<!type )\\b${name}\\b[^}]*\\} from '[^']*/tables.ts'`, 'm')
      )
      t.same(importing, ['src/tables.ts'], `queries on ${name} get it from app.tables`)
      t.notMatch(code.get('src/plugins/platform/db/tables.ts'), new RegExp(`\\b${name}\\b`))
    }
  }
})

t.test('each database driver stays in its folder of db, which only db imports', async (t) => {
  const inFolder = (dialect: string) => (path: string) => path.startsWith(`src/plugins/platform/db/${dialect}`)
  t.ok(filesWith(/from 'postgres'/).every(inFolder('postgres')))
  t.ok(filesWith(/from 'better-sqlite3'/).every(inFolder('sqlite')))
  t.ok(filesWith(/db\/(postgres|sqlite)\/|'\.\/(postgres|sqlite)\//).every(inFolder('')))
})

t.test('.env.example has all settings, in the order of app.ts', async (t) => {
  const keys = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, key = '']) => key)
  t.same([...keys].sort(), settingNames().sort())
  const folders = [...read('src/app.ts').matchAll(/app\.register\((\w+)/g)].map(
    ([, name]) => new RegExp(`^import ${name} from '\\./(.+)/index.ts'$`, 'm').exec(read('src/app.ts'))?.[1]
  )
  const declared = folders
    .flatMap((folder) => ['env', 'redis'].map((file) => code.get(`src/${folder}/${file}.ts`)))
    .join('')
  const places = keys.map((key) => declared.search(new RegExp(`^  ${key}: `, 'm')))
  t.same(
    places,
    [...places].sort((a, b) => a - b)
  )
})

t.test('files are short', async (t) => {
  for (const path of files) {
    const count = read(path).split('\n').length - 1
    t.ok(count <= (path.endsWith('/index.ts') ? 62 : 120), `${path} has ${count} lines`)
  }
})

t.test('only server.ts uses the process', async (t) => {
  t.same(filesWith(/process\.(env|exit|on|cwd|argv)\b/), ['src/server.ts'])
})

t.test('plugins are plugins, routes are not, and work files take only types from Fastify', async (t) => {
  t.same(filesWith(/from 'fastify-plugin'/), concerns.map(({ folder }) => `${folder}/index.ts`).sort())
  t.same(filesWith(/^import (?!type\b)[^']* from 'fastify'$/m), ['src/app.ts', 'src/server-options.ts'])
})

t.test('no guard reads the URL of a request', async (t) => {
  t.same(filesWith(/\.(url|originalUrl)\b(?<!routeOptions\.url|import\.meta\.url)/), [
    'src/plugins/http/not-found/index.ts'
  ])
})

t.test('only one function inserts sessions, and only that function calls the gates', async (t) => {
  const door = ['src/plugins/identity/auth/insert-session.ts']
  t.same(filesWith(/\.insert\(\s*(\w+\.)*sessions\s*\)|insert into "?sessions/i), door)
  t.same(filesWith(/ of gates\b|\bgates\.(map|forEach)/), door)
})

t.test('nothing has the type any', async (t) => {
  t.same(filesWith(/(:|\bas|<|\||&|=>)\s*any\b/), [])
})

t.test('no two errors share a code', async (t) => {
  const codes = [...code.values()].flatMap((text) =>
    [...text.matchAll(/createError\(\s*'(\w+)'/g)].map(([, name]) => name)
  )
  t.ok(codes.length > 10)
  t.same(
    codes.filter((name, i) => codes.indexOf(name) !== i),
    []
  )
})

t.test('each security event is declared by one concern', async (t) => {
  const declared = files
    .filter((path) => path.endsWith('/audit-events.ts'))
    .flatMap((path) =>
      [...(code.get(path) ?? '').matchAll(/^ {2}(\w+): (?:logged|stored)\(/gm)].map(([, name]) => name)
    )
  t.same(declared.sort(), eventNames().sort())
})

t.test('no imports form a circle', async (t) => {
  const imports = (path: string) =>
    [...(code.get(path) ?? '').matchAll(/^(?:import|export) (?!type\b)[^']*'(\.[^']+)'$/gm)].map(([, target = '']) =>
      relative(ROOT, join(ROOT, dirname(path), target))
    )
  const finished = new Set<string>()
  function findCycle(path: string, trail: string[]): string[] | null {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (finished.has(path)) return null
    const cycle = imports(path)
      .map((next) => findCycle(next, [...trail, path]))
      .find((found) => found !== null)
    finished.add(path)
    return cycle ?? null
  }
  t.ok(imports('src/app.ts').length >= concerns.length, 'imports are found')
  for (const path of files) {
    t.same(findCycle(path, []), null, path)
    for (const target of imports(path)) t.ok(existsSync(join(ROOT, target)), `${path} imports ${target}`)
  }
})

t.test('every module can be imported', async (t) => {
  // server.ts starts the service: test/server.test.ts does that.
  for (const path of files.filter((name) => name !== 'src/server.ts')) {
    t.ok(await import(join(ROOT, path)), path)
  }
})

t.test('every route has a schema for each of its replies, and a short handler', async (t) => {
  const { app, routes } = await buildWithRouteList(t)
  t.ok(routes.length > 10)
  for (const { method, url, schema, handler } of routes) {
    const name = `${method} ${url}`
    const statuses = Object.keys(schema?.response ?? {})
    t.ok(
      statuses.some((status) => /^[12]/.test(status)),
      `${name} has a success`
    )
    if (schema?.body || schema?.querystring) t.ok(statuses.includes('400'), `${name} has 400`)
    if (url.includes(':')) t.ok(statuses.includes('404'), `${name} has 404`)
    const { statusCode } = await app.inject({ method: method as 'GET', url })
    t.ok(statuses.includes(`${statusCode}`), `${name} has ${statusCode}`)
    t.ok(handler.toString().split('\n').length <= 12, `the handler of ${name} is short`)
  }
})
