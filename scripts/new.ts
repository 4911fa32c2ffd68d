import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { run } from './check.ts'

// npm run new -- tasks: creates a resource like notes, with a table, routes, tests, and a migration. If the plural does not
// end in s, add the singular: npm run new -- people person

const TEMPLATE = 'notes'
const [plural = '', singular = plural.replace(/ies$/, 'y').replace(/s$/, '')] = process.argv.slice(2)

const camel = (name: string) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string) => camel(name).replace(/^\w/, (letter) => letter.toUpperCase())
const snake = (name: string) => name.replaceAll('-', '_')

/** The text of a file of notes, adapted to the new resource. */
function rename(text: string) {
  return text
    .replaceAll(/(?<=defineTable\(\s*'|index\(')notes(?=[_'])/g, snake(plural))
    .replaceAll(/(?<=\/)notes\b/g, plural)
    .replaceAll(/notes(?![a-z])/g, camel(plural))
    .replaceAll(/Notes(?![a-z])/g, pascal(plural))
    .replaceAll(/NOTE(?=_)/g, snake(singular).toUpperCase())
    .replaceAll(/\bnote(?![a-z])/g, camel(singular))
    .replaceAll(/Note(?![a-z])/g, pascal(singular))
}

function edit(path: string, change: (text: string) => string) {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

function make() {
  for (const wing of ['src/routes', 'test/routes']) {
    const folder = join(wing, plural)
    cpSync(join(wing, TEMPLATE), folder, { recursive: true })
    for (const path of globSync(`${folder}/*.ts`)) {
      edit(path, rename)
      renameSync(path, join(dirname(path), basename(path).replace(TEMPLATE, plural)))
    }
  }
  edit('src/tables.ts', (text) => `${text}export { ${camel(plural)} } from './routes/${plural}/tables.ts'\n`)
  edit('src/routes/index.ts', (text) =>
    text
      .replace(/^(?=import (?!type))/m, `import ${camel(plural)}Routes from './${plural}/routes.ts'\n`)
      .replace(/^(?= *await app\.mountRoutes)/m, `  app.mount('/api/${plural}', ${camel(plural)}Routes)\n`)
  )
  run('node_modules/.bin/biome', 'check', '--write', 'src/routes', 'test/routes', 'src/tables.ts')
  return run('node', 'scripts/generate.ts', '--name', `add_${snake(plural)}`)
}

/** Why the resource cannot be created, or null. */
function refuse() {
  if (!/^[a-z]+(-[a-z]+)*$/.test(plural)) return 'Give a name in lower case: npm run new -- tasks'
  if (singular === plural) return `What is one of ${plural} called? npm run new -- ${plural} NAME`
  if (existsSync(join('src/routes', plural))) return `src/routes/${plural} already exists`
  const isThere = existsSync(join('src/routes', TEMPLATE))
  return isThere ? null : `src/routes/${TEMPLATE} was removed, but new resources are copied from it`
}

const fault = refuse() ?? make()
if (fault) {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 1
} else {
  process.stdout.write(
    `Created src/routes/${plural}, test/routes/${plural}, and a migration. Next: docs/add-a-resource.md\n`
  )
  process.exitCode = spawnSync('node', ['scripts/check.ts'], { stdio: 'inherit' }).status ?? 1
}
