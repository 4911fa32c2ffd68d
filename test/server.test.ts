import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { PASSWORD, transports } from './build.ts'
import { freshFolder, post, settled, start, startListening } from './process.ts'
import { freePort, waitUntil } from './servers.ts'

const statusOf = async (url: string) => (await fetch(url)).status

t.test('the first start creates .env, prints one line, and serves; the second one reads it', async (t) => {
  const folder = freshFolder(t)
  const first = await startListening(t, folder)
  t.equal(first.output().match(/First start: created \.env/g)?.length, 1)
  t.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'app.db')).mode & 0o777, 0o600)
  const lines = first
    .output()
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line))
  t.match(lines.at(-1), { event: 'sys_startup', level: 'info', msg: `listening at ${first.url}` })
  t.same(
    lines.filter(({ msg }) => !msg),
    [],
    'no line is empty'
  )
  t.equal(await statusOf(`${first.url}/readyz`), 200)
  const written = readFileSync(join(folder, '.env'), 'utf8')
  first.child.kill('SIGINT')
  t.equal(await first.exited, 0)
  t.match(first.output(), '"event":"sys_shutdown"')

  const second = await startListening(t, folder)
  t.notMatch(second.output(), 'First start')
  t.equal(readFileSync(join(folder, '.env'), 'utf8'), written)
})

t.test('ASVS 13.3.1: production without secrets exits with 1, names them, and writes nothing', async (t) => {
  const folder = freshFolder(t)
  const server = await start(t, folder, { NODE_ENV: 'production' })
  t.equal(await server.exited, 1)
  t.match(server.output(), /SECRET_KEY is required/)
  t.match(server.output(), '.env.example')
  t.same(readdirSync(folder), ['.env.example'])
})

t.test('ASVS 13.3.1: all invalid settings are listed by name, without their values', async (t) => {
  const folder = freshFolder(t)
  const bad = {
    TRUST_PROXY: 'true',
    CORS_API_ORIGINS: '*',
    RATE_LIMIT_MAX: 'hunter2',
    SECRET_KEY: 'hunter2',
    PORT: '3000x'
  }
  const server = await start(t, folder, { ...settled, ...bad })
  t.equal(await server.exited, 1)
  for (const name of Object.keys(bad)) t.match(server.output(), new RegExp(`^  ${name} `, 'm'))
  t.notMatch(server.output(), /hunter2|3000x/)
  t.notMatch(server.output(), /^\s+at /m, 'no stack')
  t.same(readdirSync(folder), ['.env.example'])
})

t.test('a port in use exits with 1 and one clear line', async (t) => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  const server = await start(t, freshFolder(t), { ...settled, PORT: `${port}` })
  t.equal(await server.exited, 1)
  t.match(
    server.output(),
    /^Could not start: PORT is taken: stop the process that listens there, or set another PORT$/m
  )
})

t.test('a database that cannot be opened, or has another version, is reported without its address', async (t) => {
  const server = await start(t, freshFolder(t), { ...settled, DB_URI: 'file:./hunter2/app.db' })
  t.equal(await server.exited, 1)
  t.match(server.output(), /^Could not start: /m)
  const pending = await start(t, freshFolder(t), { ...settled, DB_MIGRATE: 'check' })
  t.equal(await pending.exited, 1)
  t.match(pending.output(), /^Could not start: \d+ database migrations are pending: npm run db:migrate$/m)
})

t.test('without PostgreSQL the service starts, logs that, and /readyz is 503', async (t) => {
  const DB_URI = `postgres://ada:hunter2@127.0.0.1:${await freePort()}/none`
  const server = await startListening(t, freshFolder(t), { ...settled, DB_URI })
  t.match(server.output(), '"event":"dependency_down","dependency":"database"')
  t.equal(await statusOf(`${server.url}/readyz`), 503)
  t.equal(await statusOf(`${server.url}/livez`), 200)
  const body = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
  t.equal((await post(`${server.url}/api/auth/login`, body)).status, 503)
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  t.notMatch(server.output(), 'hunter2')
})

t.test('on SIGTERM, /readyz is 503 immediately, and requests are served until SHUTDOWN_DELAY is over', async (t) => {
  const server = await startListening(t, freshFolder(t), { ...settled, SHUTDOWN_DELAY: '1s' })
  server.child.kill('SIGTERM')
  await waitUntil(() => server.output().includes('sys_shutdown'), 'it noticed')
  t.equal(await statusOf(`${server.url}/readyz`), 503)
  t.equal(await statusOf(`${server.url}/livez`), 200)
  t.equal(await statusOf(`${server.url}/api/auth`), 200)
  t.equal(await server.exited, 0)
})

t.test('a request in flight at SIGTERM is answered, and the exit code is 0', async (t) => {
  const server = await startListening(t, freshFolder(t), settled)
  const body = JSON.stringify({ username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD })
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  const head = ['POST /api/auth/signup HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Expect: 100-continue']
  socket.write([...head, `Content-Length: ${body.length}`, '', ''].join('\r\n'))
  await waitUntil(() => text.startsWith('HTTP/1.1 100'), 'the service waits for the body')
  server.child.kill('SIGTERM')
  await waitUntil(
    () =>
      statusOf(`${server.url}/livez`).then(
        () => false,
        () => true
      ),
    'nobody else is let in'
  )
  socket.write(body)
  t.equal(await server.exited, 0)
  t.match(text, /\r\nHTTP\/1\.1 201 Created\r\n/)
  t.match(text, '"username":"ada"')
})

t.test('an uncaught error is logged as a crash, the service closes, and the exit code is 1', async (t) => {
  const NODE_OPTIONS = `--import=data:text/javascript,process.on('SIGUSR2',()=>{throw%20new%20Error('boom')})`
  const server = await startListening(t, freshFolder(t), { ...settled, NODE_OPTIONS })
  server.child.kill('SIGUSR2')
  t.equal(await server.exited, 1)
  const lines = server.output().split('\n').filter(Boolean)
  const crash = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'sys_crash')
  t.match(crash, [{ level: 'fatal', err: { message: 'boom', stack: String } }])
})
