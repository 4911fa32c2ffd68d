import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { errorFrame, okFrame } from './frames.ts'
import type { Incoming } from './incoming.ts'
import { Pace } from './pace.ts'
import type { Subscription } from './subscription.ts'
import type { Connection, Owner } from './types.ts'

/** How long a client may stop reading before its socket is closed, in ms. It comes back and goes on where it stopped. */
const STALLED_MS = 30_000
/** A client stops after 4401 and 4429, and comes back after the others. */
const CLOSE_CODES = {
  SESSION_ENDED: 4401,
  slow: 4408,
  flood: 4429,
  TOO_MANY_STREAMS: 4429,
  STOPPING: 1012,
  MAX_AGE: 1012
} as const

/** The socket of a client, and what it is subscribed to. It has no queue: what was not sent yet stays in the database. */
export class Socket implements Connection {
  readonly owner: Owner
  endedBy: Connection['endedBy'] = null
  readonly pace = new Pace()
  readonly subscriptions = new Map<string, Subscription>()
  /** Both are null before it has begun. */
  #ws: WebSocket | null = null
  #tcp: Duplex | null = null
  #endsAt = Number.POSITIVE_INFINITY
  #stalledSince: number | null = null
  #pingedAt = performance.now()
  #isHeard = true

  constructor(owner: Owner) {
    this.owner = owner
  }

  get userId() {
    return this.owner.userId
  }
  get sid() {
    return this.owner.sid
  }

  /** Whether the client reads. */
  get isReady() {
    return this.#ws !== null && this.#stalledSince === null && this.endedBy === null
  }

  /** Begins to send. `onReady` is called when the client reads again. */
  begin(ws: WebSocket, tcp: Duplex, endsAt: number, onReady: () => void) {
    this.#ws = ws
    this.#tcp = tcp
    this.#endsAt = endsAt
    tcp.on('drain', () => {
      this.#stalledSince = null
      onReady()
    })
  }

  /** The client has sent something. */
  hear() {
    this.#isHeard = true
  }

  send(text: string) {
    if (this.endedBy !== null) return
    this.#ws?.send(text)
    this.#noteStall()
  }
  /** Sends a frame that is shared with other sockets; ws would encode it again for each. */
  sendShared(frame: Buffer) {
    if (this.endedBy !== null) return
    if (this.#ws?.readyState === this.#ws?.OPEN) this.#tcp?.write(frame)
    this.#noteStall()
  }
  #noteStall() {
    if (this.#tcp?.writableNeedDrain) this.#stalledSince ??= performance.now()
  }
  ok(id: Incoming['id']) {
    this.send(okFrame(id))
  }
  refuse(id: Incoming['id'], code: string) {
    this.send(errorFrame(id, code))
  }

  keepAlive(nowMs: number, heartbeatMs: number) {
    if (nowMs >= this.#endsAt) return this.end('MAX_AGE')
    if (this.#stalledSince !== null && nowMs - this.#stalledSince > STALLED_MS) return this.end('slow')
    const silentMs = nowMs - this.#pingedAt
    if (this.#isHeard && silentMs >= heartbeatMs) this.#ping(nowMs)
    else if (!this.#isHeard && silentMs > STALLED_MS) this.end('slow')
  }

  #ping(nowMs: number) {
    this.#isHeard = false
    this.#pingedAt = nowMs
    this.#ws?.ping()
  }

  end(reason: keyof typeof CLOSE_CODES) {
    if (this.endedBy !== null) return
    this.endedBy = reason
    this.#ws?.close(CLOSE_CODES[reason], reason.toUpperCase())
  }
}
