import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createRedisGate, type RedisGate } from './gate.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The way to Redis, or null without REDIS_URL. */
    redis: RedisGate | null
  }
}

/** One connection to Redis where REDIS_URL is set; the start does not wait for it, and losing it stops nothing. */
async function redis(app: FastifyInstance) {
  if (app.config.REDIS_URL === null) {
    app.decorate('redis', null)
    return
  }
  // Loaded only where it is used, which is much of the time to start.
  const { Redis } = await import('ioredis')
  const client = new Redis(app.config.REDIS_URL, {
    connectTimeout: 2000,
    commandTimeout: 400,
    // A connection that answers nothing is replaced: its other end may be gone without a word.
    socketTimeout: 1000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // A command whose connection broke may have been carried out: the caller decides what to do again.
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 250
  })
  const gate = createRedisGate(client, (isUp, err) => {
    const line = { event: isUp ? 'dependency_up' : 'dependency_down', dependency: 'redis', err }
    app.log[isUp ? 'info' : 'error'](line, isUp ? 'Redis is there' : 'Redis is down: SQL answers in its place')
  })
  app.decorate('redis', gate)
  app.addHook('onReady', () => gate.probe())
  app.addHook('onClose', async () => {
    gate.close()
    client.disconnect()
  })
}

export default fp(redis, { name: 'redis', dependencies: ['config', 'errors', 'logging'] })
