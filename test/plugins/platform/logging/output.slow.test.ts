import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshFolder, settled, start } from '../../../process.ts'
import { freePort, waitUntil } from '../../../servers.ts'

import { createPipe } from './pipe.ts'

const SERVER = join(import.meta.dirname, '../../../../src/server.ts')
const environment = { ...settled, RATE_LIMIT_MAX: '1000000', MAX_EVENT_LOOP_DELAY_MS: '0' }

/** Resolves once the service at this address answers. */
const untilUp = (url: string) =>
  waitUntil(
    () =>
      fetch(`${url}/livez`).then(
        ({ ok }) => ok,
        () => false
      ),
    'the service answers',
    30_000
  )

/** Sends requests that log two long lines each; returns the statuses. */
async function ask(url: string, count: number) {
  const headers = { 'content-type': 'application/json', 'user-agent': 'x'.repeat(256) }
  const statuses = new Set<number>()
  let left = count
  async function client() {
    while (left-- > 0) {
      const reply = await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body: '{}' })
      await reply.arrayBuffer()
      statuses.add(reply.status)
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  return [...statuses]
}

t.test('a full disk costs log lines but no request', async (t) => {
  const server = await start(t, freshFolder(t), environment, openSync('/dev/full', 'w'))
  await untilUp(server.url)
  t.same(await ask(server.url, 300), [400])
  t.equal(server.child.exitCode, null)
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  t.equal(server.output(), '')
})

t.test('a log reader that disconnects costs log lines but no request', async (t) => {
  const { reader, writer } = createPipe(t)
  for (const stdout of ['pipe', writer] as const) {
    const server = await start(t, freshFolder(t), environment, stdout)
    await untilUp(server.url)
    if (stdout === 'pipe') server.child.stdout?.destroy()
    else closeSync(reader)
    t.same(await ask(server.url, 300), [400])
    t.equal(server.child.exitCode, null)
    server.child.kill('SIGTERM')
    t.equal(await server.exited, 0)
  }
})

t.test('a log reader that stalls costs no request, and learns how many lines were dropped', async (t) => {
  const { writer, read } = createPipe(t)
  const server = await start(t, freshFolder(t), environment, writer)
  closeSync(writer)
  await untilUp(server.url)
  const count = 4000
  t.same(await ask(server.url, count), [400])

  const isTold = () => read().some(({ event }) => event === 'log_lines_lost')
  await waitUntil(isTold, 'the loss is told')
  t.same(await ask(server.url, 10), [400])
  server.child.kill('SIGTERM')
  await waitUntil(() => read().some(({ event }) => event === 'sys_shutdown'), 'the log goes on')
  t.equal(await server.exited, 0)

  const lines = read()
  const told = lines.filter(({ event }) => event === 'log_lines_lost')
  t.match(told, [{ level: 'warn', time: /^\d{4}-.*Z$/, lost: Number, msg: String }])
  t.equal(told.length, 1, 'once')
  const ofRequests = lines.filter(
    ({ event, route }) => event === 'input_validation_fail' || route === '/api/auth/login'
  )
  t.equal(ofRequests.length + Number(told[0]?.['lost']), 2 * (count + 10), 'no line is missing without being counted')
})

t.test('no line is lost when the service exits, even with a slow reader', async (t) => {
  const { writer, read } = createPipe(t)
  const server = await start(t, freshFolder(t), environment, writer)
  closeSync(writer)
  await untilUp(server.url)
  const count = 400
  t.same(await ask(server.url, count), [400])
  server.child.kill('SIGTERM')
  const reading = setInterval(read, 50)
  t.teardown(() => clearInterval(reading))
  t.equal(await server.exited, 0)
  const lines = read()
  t.equal(lines.filter(({ route }) => route === '/api/auth/login').length, count)
  t.match(lines.at(-1), { event: 'sys_shutdown' })
})

t.test('no log reader can keep the service from exiting', async (t) => {
  const { writer } = createPipe(t)
  const server = await start(t, freshFolder(t), environment, writer)
  closeSync(writer)
  await untilUp(server.url)
  await ask(server.url, 400)
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
})

const hasTerminals = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false
t.test(
  'a terminal shows readable lines, and a stopped one blocks no request',
  {
    skip: hasTerminals ? false : 'needs script of util-linux'
  },
  async (t) => {
    const port = `${await freePort()}`
    const env = { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: port, ...environment }
    // exec, so that the signal at the end reaches the service; script ends after it.
    const child = spawn('script', ['-qec', `exec ${process.execPath} ${SERVER}`, '/dev/null'], {
      cwd: freshFolder(t),
      env,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    t.teardown(() => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const url = `http://127.0.0.1:${port}`
    await untilUp(url)
    await waitUntil(() => output.includes('listening at'), 'the terminal shows that it listens')
    t.match(output, /\[\d\d:\d\d:\d\d\].*INFO.*: .*listening at/)
    t.notMatch(output, '{"level"')

    const headers = { 'content-type': 'application/json', 'user-agent': 'Fire\u009b31mfox' }
    await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body: '{}' })
    await waitUntil(() => output.includes('Fire31mfox'), 'commands to the terminal are left out')

    child.stdout.pause()
    t.same(await ask(url, 1000), [400])
    child.stdout.resume()
    t.equal(await fetch(`${url}/nowhere`).then(({ status }) => status), 404)
    await waitUntil(() => output.includes('GET no route 404'), 'the terminal goes on')
    child.kill('SIGTERM')
    await once(child, 'close')
  }
)
