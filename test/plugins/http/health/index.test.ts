import { connect, type Socket } from 'node:net'
import t from 'tap'
import type { Dependency } from '../../../../src/plugins/platform/time-budget/index.ts'
import { build, PASSWORD } from '../../../build.ts'
import { freePort, waitUntil } from '../../../servers.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'
import { answersIn, listen } from '../../platform/errors/raw.ts'

t.test('/livez only says that the process is alive', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'GET', url: '/livez' })
  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { status: 'ok', checks: {} })
})

t.test('ASVS 13.4.5: /readyz is ok with a database and reveals no version', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'GET', url: '/readyz' })
  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { status: 'ok', checks: { database: 'up' } })
})

t.test('without a database, /readyz is 503 with its own body, and /livez is 200', async (t) => {
  const app = await build(t, { DB_URI: `postgres://postgres@127.0.0.1:${await freePort()}/none` })
  const reply = await app.inject({ method: 'GET', url: '/readyz' })
  t.equal(reply.statusCode, 503)
  t.same(reply.json(), { status: 'unavailable', checks: { database: 'down' } })
  t.equal((await app.inject({ method: 'GET', url: '/livez' })).statusCode, 200)
})

t.test('concurrent and frequent /readyz requests share one check, but a stop shows immediately', async (t) => {
  const app = await build(t)
  const database = app.dependencies.get('database') as Dependency
  const { check } = database
  let asked = 0
  const held = Promise.withResolvers<void>()
  database.check = async () => {
    asked++
    await held.promise
    return check()
  }
  const readyz = () => app.inject({ method: 'GET', url: '/readyz' })
  const first = Promise.all([readyz(), readyz(), readyz()])
  await waitUntil(() => asked > 0, 'the database is asked')
  held.resolve()
  for (const { statusCode } of await first) t.equal(statusCode, 200)
  for (let i = 0; i < 3; i++) t.equal((await readyz()).statusCode, 200)
  t.equal(asked, 1)

  database.check = async () => {
    asked++
    throw new Error('gone')
  }
  await waitUntil(async () => (await readyz()).statusCode === 503, 'the loss is seen')
  t.equal(asked, 2)
  database.check = check
  await waitUntil(async () => (await readyz()).statusCode === 200, 'and so is the return')
  app.lifecycle.isStopping = true
  t.match((await readyz()).json(), { status: 'unavailable', checks: { database: 'up', service: 'stopping' } })
})

t.test('while the service stops, /readyz is 503 and everything else is served', async (t) => {
  const app = await build(t)
  app.lifecycle.isStopping = true
  const reply = await app.inject({ method: 'GET', url: '/readyz' })
  t.equal(reply.statusCode, 503)
  t.same(reply.json(), { status: 'unavailable', checks: { database: 'up', service: 'stopping' } })
  t.equal((await app.inject({ method: 'GET', url: '/livez' })).statusCode, 200)
  t.equal((await app.inject({ method: 'GET', url: '/api/auth' })).statusCode, 200)
})

t.test('while closing, requests in flight and new requests on open connections are answered', async (t) => {
  const release = Promise.withResolvers<void>()
  const { app } = await buildWithRoutes(t, (app) =>
    app.get('/slow', async () => {
      await release.promise
      return { done: true }
    })
  )
  const port = await listen(app)
  const accepted: Socket[] = []
  app.server.on('connection', (socket) => accepted.push(socket))
  // Both requests have begun. The head of the second one ends after the service has begun to close.
  const body = JSON.stringify({ username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD })
  const head = `POST /api/auth/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const sockets = ['GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', head].map((start) => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    socket.write(start)
    return { socket, text: socket.toArray().then((parts) => parts.join('')) }
  })
  await waitUntil(() => accepted.length === 2 && accepted.every(({ bytesRead }) => bytesRead > 0), 'both arrived')
  const closed = app.close()
  await waitUntil(() => app.lifecycle.isStopping, 'the close began')
  sockets[1]?.socket.write(`\r\n${body}`)

  const [late, ...more] = answersIn((await sockets[1]?.text) ?? '')
  t.match(late, { status: 201, head: /connection: close/ }, 'the database is still there')
  t.same(more, [])
  release.resolve()
  t.match(answersIn((await sockets[0]?.text) ?? ''), [
    { status: 200, body: '{"done":true}', head: /connection: close/ }
  ])
  await closed
})
