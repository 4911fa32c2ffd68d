import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HealthReply } from './schemas.ts'

const response = { 200: HealthReply, 503: HealthReply }
const upOrDown = (isUp: boolean) => (isUp ? 'up' : 'down')

/** / */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const config = { isProbe: true }

  app.get('/livez', {
    schema: { summary: 'The process answers', tags: ['health'], response },
    config,
    handler: async () => ({ status: 'ok' as const, checks: {} })
  })

  app.get('/readyz', {
    schema: { summary: 'The service can do its work; without Redis it can, slower', tags: ['health'], response },
    config,
    handler: async (_request, reply) => {
      const isDatabaseUp = await app.checkDatabase().then(
        () => true,
        () => false
      )
      const checks: Record<string, 'up' | 'down' | 'stopping'> = { database: upOrDown(isDatabaseUp) }
      if (app.redis) checks['redis'] = upOrDown(app.redis.isUp())
      if (app.lifecycle.isStopping) checks['service'] = 'stopping'
      const isReady = isDatabaseUp && !app.lifecycle.isStopping
      if (!isReady) return reply.code(503).send({ status: 'unavailable', checks })
      return { status: checks['redis'] === 'down' ? ('degraded' as const) : ('ok' as const), checks }
    }
  })
}

export default routes
