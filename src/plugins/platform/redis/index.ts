import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { describeTlsFault } from '../errors/tls.ts'
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts'
import { findRisks } from './durability.ts'
import { redisPrefix } from './prefix.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The way to Redis, or null without REDIS_URL. */
    redis: CircuitBreaker | null
  }
}

/** How long the start waits for Redis to be filled, in ms. */
const START_WAIT_MS = 200

/** One connection to Redis where REDIS_URL is set; the start does not wait for it, and losing it stops nothing. */
async function redis(app: FastifyInstance) {
  if (app.config.REDIS_URL === null) {
    app.decorate('redis', null)
    return
  }
  // ioredis is loaded only where it is used, which is much of the time to start.
  const { connectRedis, firstConnection } = await import('./client.ts')
  let fault: Error | undefined
  const client = connectRedis(app.config.REDIS_URL, redisPrefix(app.config), (error) => {
    fault = error
  })
  const gate = createCircuitBreaker(client, (isUp, cause) => {
    const err = isUp ? undefined : (fault ?? cause)
    fault = undefined
    const line = { event: isUp ? 'dependency_up' : 'dependency_down', dependency: 'redis', err }
    const isRefused = err instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM)/.test(err.message)
    const why = isRefused ? '; REDIS_URL: it refuses this user or password' : describeTlsFault(err, 'REDIS_URL')
    app.log[isUp ? 'info' : 'error'](line, isUp ? 'Redis is there' : `Redis is down: SQL answers in its place${why}`)
  })
  const warned = new Set<string>()
  gate.onRecover(async () => {
    const risks = (await findRisks(client)).filter((risk) => !warned.has(risk))
    for (const risk of risks) app.log.warn(risk)
    for (const risk of risks) warned.add(risk)
  })
  app.decorate('redis', gate)
  app.addHook('onReady', async () => {
    await firstConnection(client)
    // A million revocations take longer to write than anyone wants to wait: SQL answers until Redis is trusted.
    await Promise.race([gate.probe(), sleep(START_WAIT_MS, undefined, { ref: false })])
  })
  app.addHook('onClose', async () => {
    gate.close()
    client.disconnect()
  })
}

export default fp(redis, { name: 'redis', dependencies: ['config', 'errors', 'logging'] })
