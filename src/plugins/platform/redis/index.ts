import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts'
import { createRiskCheck } from './durability.ts'
import { redisPrefix } from './prefix.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Guards `app.redis`, the ioredis client of @fastify/redis. Without REDIS_URL there is no client, and this is null. */
    circuitBreaker: CircuitBreaker | null
  }
}

/** How long startup waits for a connection, and then for Redis to be filled, in ms. */
const [CONNECT_MS, FILL_MS] = [1000, 200]
const atMost = (ms: number, work: Promise<void>) => Promise.race([work, sleep(ms, undefined, { ref: false })])

/** Connects to Redis if REDIS_URL is set. Startup does not wait for it, and while it is down SQL answers. */
async function redis(app: FastifyInstance) {
  if (app.config.REDIS_URL === null) {
    app.decorate('circuitBreaker', null)
    return
  }
  // Loaded only when needed: ioredis takes much of the startup time.
  const { createClient, explain } = await import('./client.ts')
  const { default: fastifyRedis } = await import('@fastify/redis')
  let error: Error | undefined
  const client = createClient(app.config.REDIS_URL, redisPrefix(app.config), (cause) => {
    error = cause
  })
  // @fastify/redis would wait until the client is ready, and fail the startup without Redis.
  client.status = 'ready'
  await app.register(fastifyRedis, { client })
  client.status = 'wait'

  const circuitBreaker = createCircuitBreaker(client, (isUp, cause) => {
    const err = isUp ? undefined : (error ?? cause)
    error = undefined
    const line = { event: isUp ? 'dependency_up' : 'dependency_down', dependency: 'redis', err }
    if (isUp) app.log.info(line, 'Redis is up')
    else app.log.error(line, ['Redis is down; SQL answers instead', explain(err)].filter(Boolean).join(': '))
  })
  app.decorate('circuitBreaker', circuitBreaker)
  app.addDependency('redis', { isRemote: true, isUp: circuitBreaker.isUp, check: circuitBreaker.check })
  circuitBreaker.onRecover(createRiskCheck(client, (risk) => app.log.warn(risk)))
  // A failed first attempt is retried, and the circuit breaker reports it.
  const connected = client.connect().catch(() => {})
  app.addHook('onReady', async () => {
    await atMost(CONNECT_MS, connected)
    // Copying a million revocations takes longer than anyone wants to wait. Until then SQL answers.
    await atMost(FILL_MS, circuitBreaker.probe())
  })
  app.addHook('onClose', async () => {
    circuitBreaker.close()
    client.disconnect()
  })
}

export default fp(redis, { name: 'redis', dependencies: ['config', 'errors', 'logging', 'time-budget'] })
