import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { readSettings } from '../../src/plugins/platform/config/settings.ts'

// npm run test:openapi: client generators read docs/openapi.json, and their output compiles. The generated zod schemas accept
// what the service accepts, and nothing else. The generators are installed first, from the lock file of this folder.

const HERE = import.meta.dirname
const DOCUMENT = join(HERE, '../../docs/openapi.json')
const bin = (name: string) => join(HERE, 'node_modules/.bin', name)

// Outside node_modules, where Node strips no types.
const folder = mkdtempSync(join(tmpdir(), 'starter-generators-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
symlinkSync(join(HERE, 'node_modules'), join(folder, 'node_modules'))

const counts = { passed: 0, failed: 0 }
const print = (line: string) => process.stdout.write(`${line}\n`)
function report(what: string, fault: string | null) {
  counts[fault === null ? 'passed' : 'failed']++
  print(fault === null ? `ok - ${what}` : `not ok - ${what}\n${fault}`)
}

/** Runs a program; returns its output if it fails. */
function run(command: string, ...words: string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd: folder, encoding: 'utf8' })
  return status === 0 ? null : `${error ?? ''}${stdout}${stderr}`
}

const orvalConfig = Object.fromEntries(
  ['fetch', 'zod'].map((client) => [client, { input: DOCUMENT, output: { target: `./orval/${client}.ts`, client } }])
)
writeFileSync(join(folder, 'orval.config.mjs'), `export default ${JSON.stringify(orvalConfig)}`)

const generators: [name: string, command: string, ...words: string[]][] = [
  ['openapi-typescript', 'openapi-typescript', DOCUMENT, '--output', 'openapi-typescript/schema.d.ts'],
  ['hey-api', 'openapi-ts', '--input', DOCUMENT, '--output', 'hey-api'],
  [
    'swagger-typescript-api',
    'swagger-typescript-api',
    'generate',
    '--path',
    DOCUMENT,
    '--output',
    'swagger-typescript-api'
  ],
  ['orval', 'orval', '--config', 'orval.config.mjs']
]
/** The generated code that lists the sessions, for each generator. */
const uses: Record<string, string> = {
  'openapi-typescript': `import type { paths } from './openapi-typescript/schema.d.ts'
    export const parameters: paths['/api/auth/sessions']['get']['parameters'] = {}`,
  'hey-api': "import { getAuthSessions } from './hey-api'\nawait getAuthSessions()",
  'swagger-typescript-api': "import { Api } from './swagger-typescript-api/Api'\nawait new Api().api.getAuthSessions()",
  orval: "import { getAuthSessions } from './orval/fetch'\nawait getAuthSessions()"
}
const options = ['--strict', '--noUncheckedIndexedAccess', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable']
for (const [name, command, ...words] of generators) {
  report(`${name} reads the document`, run(bin(command), ...words))
  writeFileSync(join(folder, `${name}-use.ts`), `${uses[name]}\nexport {}\n`)
  const written = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = written.filter((path) => path.startsWith(name) && path.endsWith('.ts'))
  const check = () => run(join(HERE, '../../node_modules/.bin/tsc'), '--ignoreConfig', '--noEmit', ...options, ...files)
  report(`what ${name} writes compiles, and so does a call of it`, files.length > 1 ? check() : 'It wrote nothing')
}

const body = { username: 'ada', email: 'ada@example.com', name: 'Ada Lovelace', password: 'a long first password' }
const bodies: [what: string, body: object][] = [
  ['ada', body],
  ['letters of other scripts', { ...body, username: 'Зоя_李', email: 'zoe@example.com', name: 'Зоя 李' }],
  ['a short user name', { ...body, username: 'a' }],
  ['a long user name', { ...body, username: 'a'.repeat(65) }],
  ['no name', { ...body, name: undefined }],
  ['a number as the password', { ...body, password: 12345678 }],
  ['a short password', { ...body, password: 'short' }],
  ['an e-mail address without @', { ...body, email: 'ada' }]
]
const randomKey = () => randomBytes(48).toString('base64url')
const keys = { SECRET_KEY: randomKey(), JWT_SECRET_KEY: randomKey() }
const app = await buildApp(readSettings({ ...keys, DB_URI: ':memory:', LOG_LEVEL: 'silent' }))
type Schema = { safeParse(value: unknown): { success: boolean } }
try {
  const schemas = (await import(join(folder, 'orval/zod.ts'))) as Record<string, Schema | undefined>
  for (const [what, payload] of bodies) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
    const accepted = schemas['PostAuthSignupBody']?.safeParse(payload).success
    const isEqual = [201, 400].includes(statusCode) && accepted === (statusCode === 201)
    report(`zod and the service judge alike: ${what}`, isEqual ? null : `zod: ${accepted}, service: ${statusCode}`)
  }
  const { success } = schemas['GetAuthSessionsQueryParams']?.safeParse({}) ?? {}
  report('sessions are listed without a limit', success ? null : 'zod refuses')
} catch (error) {
  report('the schemas of zod can be loaded', `${error}`)
}
await app.close()

print(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1
