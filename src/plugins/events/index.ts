import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createEvents, type Events } from './events.ts'

declare module 'fastify' {
  interface FastifyInstance {
    events: Events
  }
}

const SWEEP_MS = 3_600_000

/** Writes security events down, and forgets them after EVENTS_TTL. */
async function events(app: FastifyInstance) {
  app.decorate('events', createEvents(app.db, app.tables))
  const sweep = () =>
    app.events
      .sweep(new Date(Date.now() - app.config.EVENTS_TTL * 1000))
      .catch((err: unknown) => app.log.debug({ err }, 'old security events could not be deleted'))
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    timer = setInterval(() => void sweep(), SWEEP_MS)
    void sweep()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

export default fp(events, { name: 'events', dependencies: ['config', 'logging', 'db'] })
