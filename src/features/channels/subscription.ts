import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from './definitions.ts'
import { messageFrame } from './frames.ts'
import type { Socket } from './socket.ts'
import type { Message, Reader } from './types.ts'

/** The type of the message that says that the members of its channel have changed. Clients cannot send it, and do not get it. */
export const MEMBERS_CHANGED = ':members'
const RETRY_MS = 250

type Beginning = {
  socket: Socket
  channel: Channel
  cursor: number
  /** Changes of members up to this number were committed before `join` was last asked. */
  settledUpTo: number
  /** Called after `join` was asked again: whether the user is still in the channel. */
  onSettled(subscription: Subscription, isMember: boolean): void
}

/** A channel that a socket is subscribed to. */
export class Subscription implements Reader {
  cursor: number
  readonly #socket: Socket
  readonly #channel: Channel
  readonly #onSettled: Beginning['onSettled']
  #settledUpTo: number
  #isSettled = true

  constructor({ socket, channel, cursor, settledUpTo, onSettled }: Beginning) {
    this.cursor = cursor
    this.#socket = socket
    this.#channel = channel
    this.#settledUpTo = settledUpTo
    this.#onSettled = onSettled
  }

  get channel() {
    return this.#channel.name
  }
  get sid() {
    return this.#socket.sid
  }
  get isReady() {
    return this.#isSettled && this.#socket.isReady
  }

  deliver(messages: readonly Message[]) {
    const last = messages.at(-1)?.seq ?? 0
    for (const message of messages) {
      if (message.seq <= this.cursor) continue
      this.cursor = message.seq
      if (message.type !== MEMBERS_CHANGED) this.#socket.sendShared(messageFrame(message))
      else if (message.seq > this.#settledUpTo) return void this.#settle(last)
      if (!this.#socket.isReady) return
    }
  }
  /** Sends a message that is not stored. A client that does not read at this moment misses it. */
  deliverLive(message: Pick<Message, 'channel' | 'type' | 'data'>) {
    if (this.isReady) this.#socket.sendShared(messageFrame(message))
  }
  endSession() {
    this.#socket.end('SESSION_ENDED')
  }

  /** Asks `join` again. Nothing is delivered before it answers, however long that takes. */
  async #settle(upTo: number) {
    this.#isSettled = false
    let isMember: boolean | null = null
    while (isMember === null && this.#socket.endedBy === null)
      isMember = await this.#channel.join(this.#socket.owner).catch(() => sleep(RETRY_MS, null, { ref: false }))
    this.#settledUpTo = upTo
    this.#isSettled = true
    this.#onSettled(this, isMember === true)
  }
}
