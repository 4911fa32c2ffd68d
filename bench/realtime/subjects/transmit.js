import { randomUUID } from 'node:crypto'
import { Transmit } from '@boringnode/transmit'
import Fastify from 'fastify'
import { dataOf } from './message.ts'

// Transmit, the server-sent events of AdonisJS: a channel that every stream is subscribed to.

const transmit = new Transmit({})
const app = Fastify()

app.get('/stream', async (request, reply) => {
  const uid = randomUUID()
  reply.hijack()
  transmit.createStream({ uid, context: {}, request: request.raw, response: reply.raw })
  await transmit.subscribe({ uid, channel: 'room', context: {} })
})
app.get('/emit', async ({ query }) => {
  transmit.broadcast('room', dataOf(Number(query.n)))
  return {}
})
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
