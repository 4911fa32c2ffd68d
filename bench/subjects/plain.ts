import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import session from '@fastify/session'
import Fastify from 'fastify'
import { schemaOf, WHOAMI } from './replies.ts'

// The same plugins with their default settings, as in their READMEs, and Fastify's request log.

declare module 'fastify' {
  interface Session {
    userId?: string
  }
}

const secret = 'a secret with a length of more than thirty-two characters'
const app = Fastify({ logger: true })
await app.register(cors)
await app.register(compress)
await app.register(rateLimit, { max: 100_000_000 })
await app.register(cookie)
await app.register(session, { secret, cookie: { secure: false } })
await app.register(jwt, { secret })

app.post('/login', async (request) => {
  request.session.userId = WHOAMI.userId
  return { accessToken: app.jwt.sign({ sub: WHOAMI.userId }, { expiresIn: '1h' }) }
})
app.get('/whoami/cookie', { schema: schemaOf(WHOAMI) }, async ({ session }) => {
  if (session.userId === undefined) throw new Error('not signed in')
  return { ...WHOAMI, userId: session.userId }
})
app.get('/whoami/bearer', { schema: schemaOf(WHOAMI) }, async (request) => {
  const { sub } = await request.jwtVerify<{ sub: string }>()
  return { ...WHOAMI, userId: sub }
})
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
