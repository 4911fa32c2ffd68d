import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { dataOf } from './message.ts'

// Bare @fastify/websocket: every socket that ws knows, and one send to each.

const app = Fastify()
await app.register(websocket)

app.get('/socket', { websocket: true }, () => {})
app.get('/emit', async ({ query }) => {
  const frame = JSON.stringify(dataOf(Number(query.n)))
  for (const socket of app.websocketServer.clients) socket.send(frame)
  return {}
})
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
