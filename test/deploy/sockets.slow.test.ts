import t from 'tap'
import { WebSocket } from 'ws'
import { build, logIn } from '../build.ts'
import { addressOf } from '../features/realtime/client.ts'
import { call } from '../plugins/identity/auth/calls.ts'
import { waitUntil } from '../servers.ts'
import { HOST, noNginx, startNginx } from './nginx.ts'

t.test('nginx passes a WebSocket on, keeps it open, and logs no ticket', { skip: noNginx }, async (t) => {
  const app = await build(t, { STREAM_HEARTBEAT: '1s', TRUST_PROXY: '127.0.0.1' })
  const ada = await logIn(app, 'ada')
  const { port } = new URL(await addressOf(app))
  const proxy = await startNginx(t, [Number(port)])
  const { ticket } = (await call(app, ada, 'POST /api/realtime/tickets')).json()
  const options = { ca: proxy.ca, servername: HOST, headers: { host: HOST }, origin: `https://${HOST}` }
  const open = () => new WebSocket(`wss://127.0.0.1:${proxy.port}/api/realtime/socket?ticket=${ticket}`, options)
  const socket = open()
  const texts: string[] = []
  let pings = 0
  let code: number | null = null
  socket
    .on('message', (data) => void texts.push(`${data}`))
    .on('ping', () => {
      pings += 1
    })
  socket.on('close', (reason) => {
    code = reason
  })
  await waitUntil(() => socket.readyState === WebSocket.OPEN, 'the socket is open')
  socket.send('{"op":"sub","id":1,"channel":"room.1"}')
  socket.send('{"op":"pub","id":2,"channel":"room.1","type":"text","data":{"text":"Hello"}}')
  await waitUntil(() => texts.some((text) => text.includes('"text":"Hello"')), 'the message')
  await waitUntil(() => pings > 1, 'pings')

  const refused = open()
  const status = await new Promise((resolve) => {
    refused.on('unexpected-response', (_request, reply) => resolve(reply.statusCode)).on('error', () => {})
  })
  t.equal(status, 401, 'the ticket is spent')
  await app.close()
  await waitUntil(() => code !== null, 'the end')
  t.equal(code, 1012)
  t.notMatch(proxy.output(), ticket)
  t.notMatch(JSON.stringify(proxy.log()), ticket)
})
