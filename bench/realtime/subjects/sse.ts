import type { ServerResponse } from 'node:http'
import Fastify from 'fastify'
import { dataOf } from './message.ts'

// Bare Fastify: the raw response of each stream in a set, and one write to each.

const streams = new Set<ServerResponse>()
const app = Fastify()

app.get('/stream', (_request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  reply.raw.write(':ok\n\n')
  streams.add(reply.raw)
  reply.raw.on('close', () => streams.delete(reply.raw))
})
app.get('/emit', async (request) => {
  const { n } = request.query as { n: string }
  const frame = `id: ${n}\ndata: ${JSON.stringify(dataOf(Number(n)))}\n\n`
  for (const stream of streams) stream.write(frame)
  return {}
})
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
