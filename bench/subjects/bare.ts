import Fastify from 'fastify'
import { ME, schemaOf, WHOAMI } from './replies.ts'

// The baseline: Fastify and two routes, nothing else.

const app = Fastify()
app.get('/whoami', { schema: schemaOf(WHOAMI) }, async () => WHOAMI)
app.get('/me', { schema: schemaOf(ME) }, async () => ME)
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
