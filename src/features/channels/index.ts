import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createDefinitions, type Definitions } from './definitions.ts'
import { createMessages } from './messages.ts'
import { measureSockets } from './metrics.ts'
import { createOperations } from './operations.ts'
import { createRoutes } from './routes.ts'
import { createSockets } from './sockets.ts'
import { Subscription } from './subscription.ts'
import type { NewMessage } from './types.ts'
import { takeUpgrades } from './upgrades.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Defines a kind of channels: `app.defineChannel('room.:id', { durable: true, join: ({ id }, { userId }) => … })` */
    defineChannel: Definitions['define']
    /** The steps that send a message to a channel, for the transaction of what it is about. */
    publish: (channel: string, message: NewMessage) => ReturnType<FastifyInstance['notify']>
    /** The steps that end the subscriptions of former members, for the transaction that changes who is in a channel. */
    changeMembers: (channel: string) => ReturnType<FastifyInstance['notify']>
  }
}

/** How long the clients of a service that closes have to answer, in ms. */
const CLOSE_MS = 1000

/** WebSockets on which clients publish and subscribe to channels. */
async function channels(app: FastifyInstance) {
  const { realtime } = app
  const definitions = createDefinitions()
  const messages = createMessages(app, definitions)
  const operations = createOperations({ realtime, definitions, messages }, app)
  const upgrades = takeUpgrades(app)
  const sockets = createSockets({ connections: realtime.connections, upgrades, operations })
  realtime.onLive((message) => {
    for (const reader of realtime.fanOut.readers(message.channel))
      if (reader instanceof Subscription) reader.deliverLive(message)
  })
  app.decorate('defineChannel', definitions.define)
  app.decorate('publish', (channel, message) => messages.publish(channel, message, new Date()))
  app.decorate('changeMembers', (channel) => messages.changeMembers(channel, new Date()))
  app.mount('/api/realtime', createRoutes(sockets, upgrades, realtime.authenticateStream))
  // Node does not close sockets, and waits for them.
  app.addHook('preClose', async () => void setTimeout(sockets.cut, CLOSE_MS).unref())
  await measureSockets(app, sockets)
}

export default fp(channels, {
  name: 'channels',
  dependencies: ['errors', 'db', 'metrics', 'write-batching', 'cookies', 'router', 'tickets', 'auth', 'realtime']
})
