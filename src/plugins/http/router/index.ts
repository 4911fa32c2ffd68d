import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds the routes of a concern, to be registered last. */
    mount: (prefix: string, routes: FastifyPluginAsync) => void
    /** Registers all routes added so far. */
    mountRoutes: () => Promise<void>
  }
}

/** Collects routes until every strategy and decorator that they use exists. */
async function router(app: FastifyInstance) {
  const mounted: { prefix: string; routes: FastifyPluginAsync }[] = []
  app.decorate('mount', (prefix, routes) => void mounted.push({ prefix, routes }))
  app.decorate('mountRoutes', async () => {
    for (const { prefix, routes } of mounted) await app.register(routes, { prefix })
  })
}

export default fp(router, { name: 'router' })
