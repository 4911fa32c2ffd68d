import { connect } from 'node:net'
import t from 'tap'
import { limitBodyTime } from '../../../../src/plugins/http/body/timeout.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'
import { answersIn, listen } from '../../platform/errors/raw.ts'

t.test('a body that takes too long ends its request, whether or not anyone reads it', async (t) => {
  const { app } = await buildWithRoutes(t, (app) => {
    app.addHook('onRequest', async (_request, reply) => limitBodyTime(reply, 300))
    app.post('/read', async () => ({}))
    app.post('/refused', { onRequest: async (_request, reply) => reply.code(401).send({}) }, async () => ({}))
  })
  const port = await listen(app)
  const send = async (path: string, body: string) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`
    const socket = connect(port, '127.0.0.1', () => socket.write(head + body))
    const drip = setInterval(() => socket.write(' '), 100)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    // A drip may arrive after the service has closed the connection, and resets it.
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('close', resolve))
    clearInterval(drip)
    return answersIn(text)
  }
  const [slow, ...more] = await send('/read', '{')
  t.match(JSON.parse(slow?.body ?? '{}'), { status: 408, code: 'REQUEST_TIMEOUT' })
  t.match(slow?.head, 'connection: close')
  t.equal(more.length, 0)
  t.match(await send('/refused', '{'), [{ status: 401 }], 'after a reply, the connection just closes')

  const inTime = await fetch(`http://127.0.0.1:${port}/read`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}'
  })
  t.equal(inTime.status, 200)
})
