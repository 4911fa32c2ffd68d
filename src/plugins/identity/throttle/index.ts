import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import { createThrottle, type Throttle } from './throttle.ts'

declare module 'fastify' {
  interface FastifyInstance {
    throttle: Throttle
  }
}

/** Slows down who tries passwords: in this process, or in Redis for all replicas. */
async function throttle(app: FastifyInstance) {
  app.decorate('throttle', createThrottle(app))
}

export default fp(throttle, { name: 'throttle', dependencies: ['config', 'errors', 'redis', 'audit'] })
