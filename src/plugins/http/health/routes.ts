import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HealthReply } from './schemas.ts'
import { shareCheck } from './shared.ts'

/** How long the result of a check is reused for other probes. */
const KEPT_MS = 250

const response = { 200: HealthReply, 503: HealthReply }

/** /livez and /readyz, for load balancers and orchestrators. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const config = { isProbe: true }
  const runChecks = shareCheck(async () => {
    const found: Record<string, 'up' | 'down'> = {}
    await Promise.all(
      [...app.dependencies].map(async ([name, dependency]) => {
        found[name] = 'down'
        await dependency.check().then(
          () => (found[name] = 'up'),
          () => {}
        )
      })
    )
    return found
  }, KEPT_MS)

  app.get('/livez', {
    schema: { summary: 'The process is alive', tags: ['health'], response },
    config,
    handler: async () => ({ status: 'ok' as const, checks: {} })
  })

  app.get('/readyz', {
    schema: { summary: 'The service is ready; degraded if it works without something', tags: ['health'], response },
    config,
    handler: async (_request, reply) => {
      const found = { ...(await runChecks()) }
      for (const [name, { isUp }] of app.dependencies) if (!isUp()) found[name] = 'down'
      if (app.lifecycle.isStopping)
        return reply.code(503).send({ status: 'unavailable', checks: { ...found, service: 'stopping' } })
      if (found['database'] === 'down') return reply.code(503).send({ status: 'unavailable', checks: found })
      // Everything but the database only makes the service faster.
      const isDegraded = Object.values(found).includes('down')
      return { status: isDegraded ? ('degraded' as const) : ('ok' as const), checks: found }
    }
  })
}

export default routes
