import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { Connection, EndCode, Owner } from './connections.ts'
import type { Reader } from './fan-out.ts'
import { byeFrame, HEARTBEAT, messageFrame, readyFrame, resetFrame, retryFrame } from './frames.ts'
import type { Message } from './messages.ts'

/** How much is written at once, in bytes. */
const PAGE_BYTES = 65_536
/** How long a client may stop reading before its stream is cut, in ms. It comes back and goes on where it stopped. */
const STALLED_MS = 30_000
const RETRY_MS = 3000

/** Where a stream begins, whether that is not where the client asked for, and when it ends, in ms of `performance.now`. */
export type Beginning = { cursor: number; isReset: boolean; endsAt: number }

/** A stream of server-sent events: a cursor, and whether the client reads. A class, so that thousands share their methods. */
export class Stream implements Reader, Connection {
  readonly channel: string
  readonly userId: string
  readonly sid: string
  cursor = 0
  endedBy: Connection['endedBy'] = null
  /** Null before it has begun. */
  #response: ServerResponse | null = null
  #out: Writable | null = null
  #stalledSince: number | null = null
  #writtenAt = 0
  #endsAt = Number.POSITIVE_INFINITY

  constructor({ userId, sid }: Owner, channel: string) {
    this.userId = userId
    this.sid = sid
    this.channel = channel
  }

  get isReady() {
    return this.#response !== null && this.#stalledSince === null && this.endedBy === null
  }

  /** Begins to write. `onReady` is called when the client reads again. */
  begin(response: ServerResponse, { cursor, isReset, endsAt }: Beginning, onReady: () => void) {
    this.#response = response
    this.#out = response
    this.#endsAt = endsAt
    this.cursor = cursor
    this.#write(retryFrame(RETRY_MS) + readyFrame(cursor) + (isReset ? resetFrame(cursor) : ''))
    // The headers are written, and the reply ends with its connection, so frames can go straight to the socket.
    this.#out = response.socket ?? response
    this.#out.on('drain', () => {
      this.#stalledSince = null
      onReady()
    })
  }

  deliver(messages: readonly Message[]) {
    const page: Buffer[] = []
    let bytes = 0
    for (const message of messages) {
      if (message.seq <= this.cursor) continue
      const frame = messageFrame(message)
      if (bytes > 0 && bytes + frame.length > PAGE_BYTES) break
      page.push(frame)
      bytes += frame.length
      this.cursor = message.seq
    }
    const [only] = page
    if (only) this.#write(page.length === 1 ? only : Buffer.concat(page, bytes))
  }

  keepAlive(nowMs: number, heartbeatMs: number) {
    if (nowMs >= this.#endsAt) return this.end('MAX_AGE')
    if (this.#stalledSince !== null && nowMs - this.#stalledSince > STALLED_MS) return this.#cut()
    if (this.isReady && nowMs - this.#writtenAt >= heartbeatMs) this.#write(HEARTBEAT)
  }

  endSession() {
    this.end('SESSION_ENDED')
  }

  end(code: EndCode, retryMs?: number) {
    if (this.endedBy !== null) return
    this.endedBy = code
    this.#response?.end((retryMs === undefined ? '' : retryFrame(retryMs)) + byeFrame(code))
  }

  #cut() {
    this.endedBy = 'slow'
    this.#response?.destroy()
  }

  #write(frames: string | Buffer) {
    this.#writtenAt = performance.now()
    if (this.#out?.write(frames) === false) this.#stalledSince ??= this.#writtenAt
  }
}
