import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { detached } from '../../platform/time-budget/time-budget.ts'
import { closed } from '../schemas.ts'

/** How long the result of a check is reused for other probes. */
const KEPT_MS = 250

const Check = Type.Enum(['up', 'down', 'stopping'])
const HealthReply = Type.Object(
  { status: Type.Enum(['ok', 'degraded', 'unavailable']), checks: Type.Record(Type.String(), Check) },
  closed
)
const response = { 200: HealthReply, 503: HealthReply }
type Checks = Record<string, 'up' | 'down'>

/** /livez and /readyz, for load balancers and orchestrators. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const config = { isProbe: true }
  let latest: Promise<Checks> | null = null

  async function runChecks() {
    const checks = [...app.dependencies].map(async ([name, dependency]) => {
      const result = await dependency.check().then(
        () => 'up' as const,
        () => 'down' as const
      )
      return [name, result] as const
    })
    const found = Object.fromEntries(await Promise.all(checks))
    setTimeout(() => {
      latest = null
    }, KEPT_MS).unref()
    return found
  }

  /** One run serves all probes that come during it or shortly afterwards, so that frequent probes cost no more than rare ones. */
  function shareChecks() {
    // Detached from the time budget of the request that happens to start it.
    latest ??= detached(runChecks)
    return latest
  }

  app.get('/livez', {
    schema: { summary: 'The process is alive', tags: ['health'], response },
    config,
    handler: async () => ({ status: 'ok' as const, checks: {} })
  })

  app.get('/readyz', {
    schema: { summary: 'The service is ready; degraded if it works without something', tags: ['health'], response },
    config,
    handler: async (_request, reply) => {
      const found = { ...(await shareChecks()) }
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
