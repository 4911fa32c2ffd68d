import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')

const copy = mkdtempSync(join(tmpdir(), 'starter-types-'))
t.teardown(() => rmSync(copy, { recursive: true, force: true }))
cpSync(join(ROOT, 'client/src'), join(copy, 'client/src'), { recursive: true })
for (const file of ['tsconfig.json', 'client/tsconfig.json', 'package.json']) cpSync(join(ROOT, file), join(copy, file))
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
const schema = join(copy, 'client/src/schema.d.ts')
const contract = readFileSync(schema, 'utf8')

/** What the type check of the client says to this contract. */
function check(text: string) {
  writeFileSync(schema, text)
  // The test runner loads itself into the processes of its tests, by NODE_OPTIONS.
  const words = ['-u', 'NODE_OPTIONS', join(ROOT, 'node_modules/.bin/tsc'), '-p', 'client', '--pretty', 'false']
  const { stdout, stderr } = spawnSync('env', words, { cwd: copy, encoding: 'utf8' })
  return stdout + stderr
}

t.test('the client is small: under 350 lines, and none of its files over 180, but for the contract', async (t) => {
  const files = readdirSync(join(copy, 'client/src')).filter((name) => name !== 'schema.d.ts')
  const lines = files.map((name) => readFileSync(join(copy, 'client/src', name), 'utf8').split('\n').length - 1)
  t.ok(files.length > 1)
  t.ok(lines.every((count) => count <= 180))
  t.ok(lines.reduce((sum, count) => sum + count) < 350)
})

t.test('the client compiles by the contract as it is', async (t) => {
  t.equal(check(contract), '')
})

const changes: [what: string, from: RegExp, to: string][] = [
  ['a path is gone', /"\/api\/auth\/logout": \{/, '"/api/auth/sign-out": {'],
  ['a method is another', /(?<="\/api\/users\/me\/password": \{[^"]*)put: /, 'patch: '],
  ['a member of the reply has another name', /accessToken: string/g, 'access_token: string'],
  ['a member of the reply has another type', /expiresIn: number/g, 'expiresIn: string'],
  ['a member of the body has another name', /usernameOrEmail: string/g, 'login: string'],
  ['the body wants more', /(?<=postAuthReauthenticate: \{[\s\S]*?)password: string/, 'code: string; password: string'],
  ['a body is required', /requestBody\?: \{/g, 'requestBody: {'],
  ['a code that it knows is gone', /"INVALID_CREDENTIALS"/g, '"WRONG_CREDENTIALS"'],
  ['failures have no code', /(?<=Problem: \{[\s\S]*?)code: string/, 'reason: string']
]
for (const [what, from, to] of changes) {
  t.test(`the client does not compile where ${what}`, async (t) => {
    const changed = contract.replace(from, to)
    t.not(changed, contract, 'the contract has what is changed')
    t.match(check(changed), /^client\/src\/\w+\.ts\(\d+,\d+\): error TS\d+/m)
  })
}
