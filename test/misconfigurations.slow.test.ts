import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { freshFolder, settled, startListening } from './process.ts'
import { freePort } from './servers.ts'

// The same as misconfigurations.test.ts where it needs a process: what a mistake makes the service and the commands print.

const ROOT = join(import.meta.dirname, '..')
const SECRET = 'hunter2'

/** Runs a file of the project in a new folder, without input. */
function run(t: Parameters<typeof freshFolder>[0], file: string, words: string[], environment = {}) {
  const env = { PATH: process.env['PATH'], ...settled, ...environment }
  const cwd = freshFolder(t)
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, file), ...words], {
    cwd,
    env,
    encoding: 'utf8',
    input: '',
    timeout: 60_000
  })
  return { status, stdout, stderr }
}

t.test('a mistake that stops the service is one line and exit code 1', async (t) => {
  const rows: [environment: Record<string, string>, says: RegExp][] = [
    [{ DB_URI: 'postgres://ada:hunter2/x@db/app' }, /^Could not start: DB_URI .*percent-encode the password/],
    [{ DB_URI: 'file:./hunter2/app.db' }, /^Could not start: DB_URI names a file in a folder that does not exist/],
    [{ DB_MIGRATE: 'check' }, /^Could not start: \d+ database migrations are pending: npm run db:migrate$/],
    [{ CORS_API_ORIGINS: 'https://hunter2/' }, /^Could not start: CORS_API_ORIGINS .*: the only entry is invalid$/],
    [{ SECRET_KEY: 'hunter2' }, /^Could not start: SECRET_KEY .*: the only entry has fewer than 32 characters$/],
    [{ HOST: '192.0.2.1' }, /^Could not start: HOST is not an address of this machine: set it to /],
    [{ PORT: '80000' }, /^Could not start: PORT must be a whole number from 0 to 65535$/]
  ]
  for (const [environment, says] of rows) {
    const { status, stdout, stderr } = run(t, 'src/server.ts', [], { PORT: '0', ...environment })
    t.equal(status, 1)
    const [line, ...more] = stderr.trim().split('\n')
    t.match(line, says)
    t.ok(more.length === 0 || more.join() === 'Every setting is explained in .env.example', stderr)
    t.notMatch(stdout + stderr, SECRET)
  }
})

t.test('cookies over plain HTTP in production cause a warning', async (t) => {
  const server = await startListening(t, freshFolder(t), { ...settled, NODE_ENV: 'production', COOKIE_SECURE: 'false' })
  t.match(
    server.output(),
    /"level":"warn",[^\n]*"msg":"COOKIE_SECURE=false, although NODE_ENV=production: .*Set COOKIE_SECURE=true"/
  )
})

t.test('every command that opens the database says in one line why it cannot', async (t) => {
  const DB_URI = `postgres://ada:${SECRET}@127.0.0.1:${await freePort()}/app`
  const commands: [file: string, words: string[]][] = [
    ['scripts/migrate.ts', []],
    ['scripts/users.ts', ['list']],
    ['scripts/users.ts', ['create', 'ada', 'ada@example.com', 'Ada']],
    ['scripts/console.ts', []]
  ]
  for (const [file, words] of commands) {
    const { status, stdout, stderr } = run(t, file, words, { DB_URI })
    t.equal(status, 1, file)
    t.equal(stdout, '')
    t.match(stderr, /^DB_URI leads to a server that refuses connections: [^\n]+ \(ECONNREFUSED\)\n$/)
  }
})

t.test('a command exits with 1 and its usage if it does not know a word, and with 0 for help', async (t) => {
  const names = ['migrate', 'users', 'backup', 'restore', 'console', 'doctor', 'calibrate-hash']
  for (const name of names) {
    const file = `scripts/${name}.ts`
    t.match(run(t, file, ['hunter3']), { status: 1, stdout: '', stderr: /npm run / }, name)
    t.match(run(t, file, ['--hunter3']), { status: 1, stdout: '', stderr: /npm run / }, name)
    t.match(run(t, file, ['--help']), { status: 0, stdout: /npm run /, stderr: '' }, name)
  }
})

t.test('an old Node says which one is needed, instead of failing at the first TypeScript file', async (t) => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })`
  const guard = join(ROOT, 'src/preload.cjs')
  const { status, stderr } = spawnSync(process.execPath, ['-e', `${old}; require(${JSON.stringify(guard)})`], {
    encoding: 'utf8'
  })
  t.equal(status, 1)
  t.match(stderr, /^This service needs Node 24\.\d+ or newer, but this is Node 20\.19\.0: .*\n$/)
})
