import type { FastifyInstance } from 'fastify'
import { RateLimited, ValidationFailed } from '../../plugins/platform/errors/errors.ts'
import { toCoded } from '../../plugins/platform/errors/problem.ts'
import { createBudget, withBudget } from '../../plugins/platform/time-budget/time-budget.ts'
import type { Definitions } from './definitions.ts'
import { ChannelNotFound, TooManyChannels } from './errors.ts'
import { resetFrame } from './frames.ts'
import type { Frame, Incoming } from './incoming.ts'
import type { Messages } from './messages.ts'
import type { Socket } from './socket.ts'
import { Subscription } from './subscription.ts'
import type { Realtime } from './types.ts'

const MAX_CHANNELS = 32

type Of<Op> = Extract<Frame, { op: Op }>
type Parts = { realtime: Pick<Realtime, 'log' | 'fanOut'>; definitions: Definitions; messages: Messages }
export type Operations = ReturnType<typeof createOperations>

/** What clients do: subscribe, unsubscribe, and publish. */
export function createOperations(
  { realtime: { log, fanOut }, definitions, messages }: Parts,
  { log: logger, translateError }: Pick<FastifyInstance, 'log' | 'translateError'>
) {
  function leave(socket: Socket, name: string) {
    const subscription = socket.subscriptions.get(name)
    if (subscription) fanOut.remove(subscription)
    socket.subscriptions.delete(name)
  }

  async function subscribe(socket: Socket, { id, channel: name, after }: Of<'sub'>) {
    if (socket.subscriptions.has(name)) return socket.ok(id)
    if (socket.subscriptions.size >= MAX_CHANNELS) throw new TooManyChannels()
    const channel = definitions.find(name)
    if (channel === null) throw new ChannelNotFound()
    const start = await log.findStart(name, socket.sid, new Date())
    if (start === null) return socket.end('SESSION_ENDED')
    // Asked after the numbers were read, so that a later change of members is a later message.
    if (!(await channel.join(socket.owner))) throw new ChannelNotFound()
    const { firstSeq, lastSeq } = start
    const cursor = Math.min(Math.max(after ?? lastSeq, firstSeq - 1), lastSeq)
    const subscription = new Subscription({
      ...{ socket, channel, cursor, settledUpTo: lastSeq },
      onSettled(own, isMember) {
        if (isMember) return fanOut.wake(name)
        if (socket.subscriptions.get(name) !== own) return
        leave(socket, name)
        socket.refuse(id, new ChannelNotFound().code)
      }
    })
    if (socket.endedBy !== null) return
    socket.subscriptions.set(name, subscription)
    socket.ok(id)
    if (after !== undefined && after !== cursor) socket.send(resetFrame(name, cursor))
    fanOut.add(subscription)
    fanOut.wake(name)
  }

  async function unsubscribe(socket: Socket, { id, channel }: Of<'unsub'>) {
    leave(socket, channel)
    socket.ok(id)
  }

  async function publish(socket: Socket, { id, channel: name, type, data }: Of<'pub'>) {
    const channel = definitions.find(name)
    const message = await channel?.publish(socket.owner, { type, data })
    if (!channel || !message) throw new ChannelNotFound()
    if (await messages.send(channel, socket.owner, message, new Date())) socket.ok(id)
    else socket.end('SESSION_ENDED')
  }

  function run(socket: Socket, frame: Frame) {
    if (!socket.pace.allows(frame.op)) throw new RateLimited()
    if (frame.op === 'sub') return subscribe(socket, frame)
    return frame.op === 'pub' ? publish(socket, frame) : unsubscribe(socket, frame)
  }

  async function handle(socket: Socket, { id, frame }: Incoming) {
    if (socket.endedBy !== null) return
    try {
      if (frame === null) throw new ValidationFailed()
      await run(socket, frame)
    } catch (err) {
      // A RangeError: data that is too long, or too deep for JSON.
      const error = toCoded(err instanceof RangeError ? new ValidationFailed() : translateError(err))
      if (error.statusCode >= 500) logger.warn({ err }, 'could not do what a socket asked for')
      socket.refuse(id, error.code)
    }
  }

  return {
    /** Answers a frame. The waits for databases together are as long as those of a request. */
    handle: (socket: Socket, incoming: Incoming) =>
      new Promise<void>((resolve) => {
        withBudget(createBudget(), () => void handle(socket, incoming).finally(resolve))
      }),
    leaveAll(socket: Socket) {
      for (const name of socket.subscriptions.keys()) leave(socket, name)
    },
    /** The client reads again. */
    resume(socket: Socket) {
      for (const name of socket.subscriptions.keys()) fanOut.wake(name)
    }
  }
}
