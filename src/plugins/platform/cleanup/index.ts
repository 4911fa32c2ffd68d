import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Cleanup, createCleanup } from './cleanup.ts'

declare module 'fastify' {
  interface FastifyInstance {
    cleanup: Cleanup
  }
}

/** Deletes expired rows in background batches. Each concern adds its own: `app.cleanup.add(batch)`. */
async function cleanup(app: FastifyInstance) {
  app.decorate('cleanup', createCleanup(app.log))
  app.addHook('onReady', async () => app.cleanup.start())
  app.addHook('onClose', () => app.cleanup.stop())
}

export default fp(cleanup, { name: 'cleanup', dependencies: ['logging', 'db'] })
