import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import { createKeys } from './keys.ts'
import { ALLOWED, createLimits } from './limits.ts'
import { createMemoryCounter } from './memory.ts'
import { redisLimits } from './redis.ts'
import { createThrottle, type Throttle } from './throttle.ts'

declare module 'fastify' {
  interface FastifyInstance {
    throttle: Throttle
  }
}

/** Throttles password guessing: in this process, or in Redis for all replicas. */
async function throttle(app: FastifyInstance) {
  const { config, audit, log } = app
  const limits = redisLimits(app) ?? createLimits((_name, seconds) => createMemoryCounter(seconds), ALLOWED)
  const keys = createKeys(config.SECRET_KEY[0] ?? '')
  app.decorate('throttle', createThrottle({ limits, keys, audit, log }))
}

export default fp(throttle, { name: 'throttle', dependencies: ['config', 'errors', 'redis', 'audit'] })
