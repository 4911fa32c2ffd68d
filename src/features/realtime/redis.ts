import type { FastifyInstance } from 'fastify'
import { redisPrefix } from '../../plugins/platform/redis/prefix.ts'
import { detached } from '../../plugins/platform/time-budget/time-budget.ts'
import type { FanOut } from './fan-out.ts'
import type { LiveMessage } from './messages.ts'
import type { Replicas } from './replicas.ts'

/** How often the subscription is checked, in ms: its server may be gone without having closed the connection. */
const CHECK_MS = 5000

/** Replicas tell each other by Redis, over a connection of its own; null without REDIS_URL. */
export async function redisReplicas(
  app: FastifyInstance,
  fanOut: FanOut,
  receive: (message: LiveMessage) => void
): Promise<Replicas | null> {
  const { config, circuitBreaker } = app
  if (config.REDIS_URL === null || circuitBreaker === null) return null
  const { createClient } = await import('../../plugins/platform/redis/client.ts')
  // The circuit breaker reports what is wrong with the server.
  const subscriber = createClient(config.REDIS_URL, '', () => {})
  const [topic, liveTopic] = [`${redisPrefix(config)}messages`, `${redisPrefix(config)}live`]
  let isSubscribed = false

  const lose = () => {
    isSubscribed = false
  }
  async function subscribe() {
    await subscriber.subscribe(topic, liveTopic)
    isSubscribed = true
  }
  async function check() {
    await (isSubscribed ? subscriber.ping() : subscribe())
  }

  subscriber.on('ready', () => void subscribe().catch(lose)).on('close', lose)
  subscriber.on('message', (from: string, text: string) => {
    if (from === liveTopic) return receive(JSON.parse(text))
    const end = text.lastIndexOf(':')
    fanOut.wake(text.slice(0, end), Number(text.slice(end + 1)))
  })
  app.addHook('onReady', async () => void subscriber.connect().catch(() => {}))
  const timer = setInterval(() => void check().catch(lose), CHECK_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    subscriber.disconnect()
  })
  const publish = (to: string, text: string) =>
    void detached(() => circuitBreaker.read((redis) => redis.publish(to, text))).catch(() => {})
  return {
    isHeard: () => isSubscribed && circuitBreaker.isUp(),
    tell: (channel, seq) => publish(topic, `${channel}:${seq}`),
    send: (message) => publish(liveTopic, JSON.stringify(message))
  }
}
