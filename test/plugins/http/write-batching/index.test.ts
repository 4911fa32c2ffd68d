import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import writeBatching from '../../../../src/plugins/http/write-batching/index.ts'

const requestFor = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

/** A server with the plugin, and a log of what its handlers, sockets, and onResponse hooks do. */
async function listen(t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  const log: string[] = []
  const store = new AsyncLocalStorage<string>()
  // First, so that these are the methods that the plugin calls.
  app.server.on('connection', (socket: Socket) => {
    const { _write: write, _writev: writev } = socket
    socket._write = (...chunk) => {
      log.push('write')
      write.apply(socket, chunk)
    }
    socket._writev = (...chunks) => {
      log.push('write')
      writev?.apply(socket, chunks)
    }
  })
  await app.register(writeBatching)
  app.addHook('onRequest', (request, _reply, done) => store.run(request.url, done))
  app.addHook('onResponse', async ({ url }) => void log.push(`${url} in the context of ${store.getStore()}`))
  app.get('/long', async () => ({ text: 'x'.repeat(5_000_000) }))
  app.get('/short/:name', async (request) => {
    log.push('handle')
    return request.params
  })
  app.get('/exempt', async (request) => {
    app.unbatched.add(request.raw.socket)
    log.push('handle')
    return {}
  })
  app.get('/close', async () => {
    setImmediate(() => void app.close())
    return {}
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }

  /** A connection that the service has already answered on. */
  async function open() {
    const socket = connect(port, '127.0.0.1')
    socket.write(requestFor('/short/first'))
    await once(socket, 'data')
    return socket
  }
  return { log, open }
}

t.test('Replies made in one turn are written once the last of them is made', async (t) => {
  const { log, open } = await listen(t)
  const sockets = [await open(), await open(), await open()]
  log.length = 0

  const replies = sockets.map((socket) => once(socket, 'data'))
  for (const [i, socket] of sockets.entries()) socket.write(requestFor(`/short/${i}`))
  await Promise.all(replies)

  const steps = log.filter((step) => step === 'handle' || step === 'write')
  t.strictSame(steps, ['handle', 'handle', 'handle', 'write', 'write', 'write'])
  for (const socket of sockets) socket.destroy()
})

t.test('A connection that is exempt is written to at once', async (t) => {
  const { log, open } = await listen(t)
  const sockets = [await open(), await open()]
  log.length = 0

  const replies = sockets.map((socket) => once(socket, 'data'))
  for (const socket of sockets) socket.write(requestFor('/exempt'))
  await Promise.all(replies)

  const steps = log.filter((step) => step === 'handle' || step === 'write')
  t.strictSame(steps, ['handle', 'write', 'handle', 'write'])
  for (const socket of sockets) socket.destroy()
})

t.test('Each reply keeps its async context', async (t) => {
  const { log, open } = await listen(t)
  const sockets = [await open(), await open(), await open()]

  const replies = sockets.map((socket) => once(socket, 'close'))
  for (const [i, socket] of sockets.entries()) {
    socket.write(requestFor(`/short/${i}`, 'Connection: close\r\n'))
    socket.resume()
  }
  await Promise.all(replies)

  for (const i of [0, 1, 2]) t.ok(log.includes(`/short/${i} in the context of /short/${i}`), `request ${i}`)
})

t.test('Pipelined and long replies arrive whole and in order', async (t) => {
  const { open } = await listen(t)
  const socket = await open()

  socket.write(requestFor('/short/a') + requestFor('/long') + requestFor('/short/b', 'Connection: close\r\n'))
  const received = await text(socket)

  const [a = '', long = '', b = '', ...more] = received.split(/(?=HTTP\/1\.1 )/)
  t.equal(more.length, 0)
  t.match(a, /\{"name":"a"\}$/)
  t.equal(long.split('\r\n\r\n')[1], JSON.stringify({ text: 'x'.repeat(5_000_000) }))
  t.match(b, /\{"name":"b"\}$/)
})

t.test('A client that disconnects before its reply is written affects no other', async (t) => {
  const { open } = await listen(t)
  const [leaving, staying] = [await open(), await open()]

  const reply = once(staying, 'data')
  leaving.write(requestFor('/short/a'))
  leaving.resetAndDestroy()
  staying.write(requestFor('/short/b'))
  const [bytes] = await reply

  t.match(`${bytes}`, /^HTTP\/1\.1 200 /)
  staying.destroy()
})

t.test('A reply made just as the server begins to close is still written', async (t) => {
  const { open } = await listen(t)
  const socket = await open()

  socket.write(requestFor('/close'))

  t.match(await text(socket), /^HTTP\/1\.1 200 /)
})
