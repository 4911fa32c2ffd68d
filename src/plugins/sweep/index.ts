import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createSweeper, type Sweeper } from './sweeper.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sweeper: Sweeper
  }
}

/** Deletes what is over, beside the requests: parts add what that is. */
async function sweep(app: FastifyInstance) {
  app.decorate('sweeper', createSweeper(app.log))
  app.addHook('onReady', async () => app.sweeper.start())
  app.addHook('onClose', () => app.sweeper.stop())
}

export default fp(sweep, { name: 'sweep', dependencies: ['logging', 'db'] })
