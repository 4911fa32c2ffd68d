import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HealthReply } from './schemas.ts'
import { shareCheck } from './shared.ts'

/** How long one check of the database and Redis serves all probes, in ms. */
const KEPT_MS = 250

const response = { 200: HealthReply, 503: HealthReply }
const upOrDown = (isUp: boolean) => (isUp ? 'up' : 'down')

/** / */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const config = { isProbe: true }
  const passes = (check: Promise<unknown> | undefined) =>
    check?.then(
      () => true,
      () => false
    )
  const check = shareCheck(async () => {
    // One that answers may still refuse writes, as Redis does where its memory is full: then each logout is a 503.
    const redis = app.redis?.isUp() ? app.redis.check() : undefined
    const [isDatabaseUp = false, isRedisWritable = false] = await Promise.all([
      passes(app.checkDatabase()),
      passes(redis)
    ])
    return { isDatabaseUp, isRedisWritable }
  }, KEPT_MS)

  app.get('/livez', {
    schema: { summary: 'The process answers', tags: ['health'], response },
    config,
    handler: async () => ({ status: 'ok' as const, checks: {} })
  })

  app.get('/readyz', {
    schema: { summary: 'The service can do its work; without Redis it can, slower', tags: ['health'], response },
    config,
    handler: async (_request, reply) => {
      const { isDatabaseUp, isRedisWritable } = await check()
      const checks: Record<string, 'up' | 'down' | 'stopping'> = { database: upOrDown(isDatabaseUp) }
      if (app.redis) checks['redis'] = upOrDown(app.redis.isUp() && isRedisWritable)
      if (app.lifecycle.isStopping) checks['service'] = 'stopping'
      const isReady = isDatabaseUp && !app.lifecycle.isStopping
      if (!isReady) return reply.code(503).send({ status: 'unavailable', checks })
      return { status: checks['redis'] === 'down' ? ('degraded' as const) : ('ok' as const), checks }
    }
  })
}

export default routes
