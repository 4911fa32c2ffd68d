import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')

const copy = mkdtempSync(join(tmpdir(), 'starter-types-'))
t.teardown(() => rmSync(copy, { recursive: true, force: true }))
cpSync(join(ROOT, 'client/src'), join(copy, 'client/src'), { recursive: true })
for (const file of ['client/tsconfig.json', 'package.json']) cpSync(join(ROOT, file), join(copy, file))
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
const schema = join(copy, 'client/src/schema.d.ts')
const contract = readFileSync(schema, 'utf8')

/** The output of the client's type check with this contract. */
function check(text: string) {
  writeFileSync(schema, text)
  // Without NODE_OPTIONS, which loads the test runner into every process.
  const words = ['-u', 'NODE_OPTIONS', join(ROOT, 'node_modules/.bin/tsc'), '-p', 'client', '--noEmit']
  const { stdout, stderr } = spawnSync('env', words, { cwd: copy, encoding: 'utf8' })
  return stdout + stderr
}

t.test('the client has under 2200 lines, and no file over 150, except for the contract', async (t) => {
  const files = readdirSync(join(copy, 'client/src')).filter((name) => name !== 'schema.d.ts')
  const lines = files.map((name) => readFileSync(join(copy, 'client/src', name), 'utf8').split('\n').length - 1)
  t.ok(files.length > 1)
  t.ok(lines.every((count) => count <= 150))
  t.ok(lines.reduce((sum, count) => sum + count) < 2200)
})

t.test('the client compiles with the contract', async (t) => {
  t.equal(check(contract), '')
})

const changes: [what: string, from: RegExp, to: string][] = [
  ['a path is missing', /"\/api\/auth\/logout": \{/, '"/api/auth/sign-out": {'],
  ['a method changes', /(?<="\/api\/users\/me\/password": \{[^"]*)put: /, 'patch: '],
  ['a field of a reply is renamed', /accessToken: string/g, 'access_token: string'],
  ['a field of a reply changes its type', /expiresIn: number/g, 'expiresIn: string'],
  ['a field of a body is renamed', /usernameOrEmail: string/g, 'login: string'],
  [
    'a body requires another field',
    /(?<=postAuthReauthenticate: \{[\s\S]*?)password\??: string/,
    'code: string; password: string'
  ],
  ['an optional body becomes required', /requestBody\?: \{/g, 'requestBody: {'],
  ['an error code that the client uses is missing', /"UNAUTHENTICATED"/g, '"SIGNED_OUT"'],
  ['errors have no code', /(?<=Problem: \{[\s\S]*?)code: string/, 'reason: string']
]
for (const [what, from, to] of changes) {
  t.test(`the client does not compile if ${what}`, async (t) => {
    const changed = contract.replace(from, to)
    t.not(changed, contract, 'the contract contains what the test changes')
    t.match(check(changed), /^client\/src\/\w+\.ts\(\d+,\d+\): error TS\d+/m)
  })
}
