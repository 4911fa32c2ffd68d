import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadEnvironment } from '../../../../src/plugins/platform/config/env-file.ts'
import type { Environment } from '../../../../src/plugins/platform/config/settings.ts'

const EXAMPLE = 'PORT=3000\nSECRET_KEY=\nOTHER_SECRET_KEY=\nLOG_LEVEL=info\n'

/** Loads the environment in a new folder; returns it with the .env of the folder and the printed lines. */
function load(t: Test, environment: Environment, files: Record<string, string> = { '.env.example': EXAMPLE }) {
  const folder = t.testdir(files)
  const said: string[] = []
  const loaded = loadEnvironment(environment, folder, (line) => said.push(line))
  const file = join(folder, '.env')
  return { loaded, said, file, text: existsSync(file) ? readFileSync(file, 'utf8') : null }
}

t.test('the first start creates .env with new keys and mode 0600, and prints one line', async (t) => {
  const first = load(t, { HOME: '/root' })
  t.equal(statSync(first.file).mode & 0o777, 0o600)
  t.match(first.said, [/^First start: created \.env/])
  t.equal(first.said.length, 1)
  t.match(first.loaded, { PORT: '3000', SECRET_KEY: /^[\w-]{64}$/, OTHER_SECRET_KEY: /^[\w-]{64}$/, HOME: '/root' })
  t.not(first.loaded['SECRET_KEY'], first.loaded['OTHER_SECRET_KEY'])
  const second = load(t, {})
  t.not(second.loaded['SECRET_KEY'], first.loaded['SECRET_KEY'], 'another start elsewhere has other keys')
})

t.test('.env is not created in production, with a given secret, or without .env.example', async (t) => {
  const rows: [Environment, Record<string, string>?][] = [
    [{ NODE_ENV: 'production' }],
    [{ SECRET_KEY: 'given' }],
    [{ OTHER_SECRET_KEY: 'given' }],
    [{}, {}]
  ]
  for (const [environment, files] of rows) {
    const { text, said, loaded } = load(t, environment, files)
    t.equal(text, null, JSON.stringify(environment))
    t.same(said, [])
    t.same(loaded, environment)
  }
})

t.test("an empty secret or another program's secret does not prevent the first start", async (t) => {
  for (const environment of [{ SECRET_KEY: '' }, { AWS_SECRET_KEY: 'of another program' }]) {
    const { text, loaded } = load(t, environment)
    t.match(text, /^SECRET_KEY=[\w-]{64}$/m, JSON.stringify(environment))
    t.match(loaded['SECRET_KEY'], /^[\w-]{64}$/)
  }
})

t.test('an existing .env is read and never changed', async (t) => {
  const files = { '.env.example': EXAMPLE, '.env': 'PORT=4000\nSECRET_KEY=\n' }
  const { text, said, loaded } = load(t, {}, files)
  t.equal(text, files['.env'])
  t.same(said, [])
  t.match(loaded, { PORT: '4000' })
})

t.test('a BOM at the start of .env loses no setting', async (t) => {
  for (const text of ['PORT=4000\nHOST=::\n', '# local\r\nPORT=4000\r\nHOST=::\r\n']) {
    const { loaded } = load(t, {}, { '.env': `\uFEFF${text}` })
    t.same(loaded, { PORT: '4000', HOST: '::' })
  }
})

t.test('the environment takes precedence over .env, unless it is empty', async (t) => {
  const { loaded } = load(t, { PORT: '5000', LOG_LEVEL: '' }, { '.env': 'PORT=4000\nLOG_LEVEL=warn\nHOST=::\n' })
  t.match(loaded, { PORT: '5000', LOG_LEVEL: 'warn', HOST: '::' })
})
