import type { FastifyInstance } from 'fastify'
import { type Connections, createConnections } from './connections.ts'
import { createFanOut, type FanOut } from './fan-out.ts'
import { createStreamGuard, type StreamGuard } from './guard.ts'
import { createLog, type MessageLog } from './log.ts'
import { type LiveMessage, type NewMessage, toText } from './messages.ts'
import { redisReplicas } from './redis.ts'
import { createNoReplicas, type Replicas } from './replicas.ts'
import { createStreamTickets, type StreamTickets } from './tickets.ts'

/** What carries messages, for this feature and for others that send some. */
export type Parts = {
  log: MessageLog
  fanOut: FanOut
  connections: Connections
  replicas: Replicas
  streamTickets: StreamTickets
  authenticateStream: StreamGuard
  /** Wakes the readers of a channel that has messages up to a number, on every replica. */
  announce(channel: string, seq: number): void
  /** Sends a message that is not stored to every replica. It may get lost. */
  sendLive(channel: string, message: NewMessage): void
  /** Calls the listener for each message that is not stored, of whatever replica. */
  onLive(listener: (message: LiveMessage) => void): void
}

export async function createParts(app: FastifyInstance): Promise<Parts> {
  const log = createLog(app.db, app.tables, app.prepareOne)
  const fanOut = createFanOut(log, app.log)
  let hear: (message: LiveMessage) => void = () => {}
  const receive = (message: LiveMessage) => hear(message)
  const replicas = (await redisReplicas(app, fanOut, receive)) ?? createNoReplicas(receive)
  const streamTickets = createStreamTickets(app)
  return {
    log,
    fanOut,
    replicas,
    streamTickets,
    connections: createConnections(app.config, log),
    authenticateStream: createStreamGuard(app, streamTickets),
    announce(channel, seq) {
      fanOut.wake(channel, seq)
      replicas.tell(channel, seq)
    },
    sendLive: (channel, message) => replicas.send({ channel, type: message.type, data: toText(message) }),
    onLive(listener) {
      hear = listener
    }
  }
}
