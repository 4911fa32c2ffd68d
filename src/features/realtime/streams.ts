import type { ServerResponse } from 'node:http'
import type { Settings } from '../../plugins/platform/config/settings.ts'
import { ServiceUnavailable, Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import type { FanOut } from './fan-out.ts'
import type { EndCode } from './frames.ts'
import type { MessageLog } from './log.ts'
import { inboxOf } from './messages.ts'
import { type Owner, Stream } from './stream.ts'

export type Streams = ReturnType<typeof createStreams>
type Limits = Pick<Settings, 'STREAMS_MAX' | 'STREAMS_PER_USER' | 'STREAM_HEARTBEAT' | 'STREAM_MAX_AGE'>

/** So that streams that began together do not end together. */
const spread = (ms: number) => ms * (0.9 + 0.2 * Math.random())
/** After a restart, clients come back within this time, in ms. */
const COME_BACK_MS = 10_000

/** The streams of this replica. */
export function createStreams(limits: Limits, log: Pick<MessageLog, 'findStart'>, fanOut: FanOut) {
  const { STREAMS_MAX, STREAMS_PER_USER, STREAM_HEARTBEAT, STREAM_MAX_AGE } = limits
  const streams = new Set<Stream>()
  const ended: Record<string, number> = {}
  let isStopping = false

  function ofUser(userId: string) {
    return [...fanOut.readers(inboxOf(userId))].filter((reader) => reader instanceof Stream)
  }

  function remove(stream: Stream) {
    if (!streams.delete(stream)) return
    fanOut.remove(stream)
    stream.endedBy ??= 'closed'
    ended[stream.endedBy] = (ended[stream.endedBy] ?? 0) + 1
  }

  /** Takes its place before it begins, so that a revocation in between finds it. Throws SERVICE_UNAVAILABLE. */
  function add(owner: Owner) {
    if (isStopping || streams.size >= STREAMS_MAX) throw new ServiceUnavailable()
    const [oldest, ...others] = ofUser(owner.userId)
    if (oldest && others.length + 1 >= STREAMS_PER_USER) {
      oldest.end('TOO_MANY_STREAMS')
      remove(oldest)
    }
    const stream = new Stream(owner, inboxOf(owner.userId))
    streams.add(stream)
    fanOut.add(stream)
    return stream
  }

  function endWhere(code: EndCode, isIt: (stream: Stream) => boolean, some: Iterable<Stream> = streams) {
    for (const stream of some) {
      if (!isIt(stream)) continue
      stream.end(code, code === 'STOPPING' ? Math.round(Math.random() * COME_BACK_MS) : undefined)
      remove(stream)
    }
  }

  return {
    count: () => streams.size,
    /** How many streams have ended since the start, by what ended them. */
    ended: (): Readonly<Record<string, number>> => ended,
    /**
     * Opens a stream that begins after a number, or now. `writeHead` is called once nothing can refuse it anymore. Throws
     * SERVICE_UNAVAILABLE, and UNAUTHENTICATED if the session has ended since the guard looked.
     */
    async open(owner: Owner, after: number | null, response: ServerResponse, writeHead: () => void) {
      const stream = add(owner)
      response.on('close', () => remove(stream))
      try {
        const now = new Date()
        const start = await log.findStart(stream.channel, owner.sid, now)
        if (start === null || stream.endedBy === 'SESSION_ENDED') throw new Unauthenticated()
        if (stream.endedBy !== null) throw new ServiceUnavailable()
        const { firstSeq, lastSeq, expiresAt } = start
        const isReset = after !== null && (after < firstSeq - 1 || after > lastSeq)
        // When the session may have expired, the client has to come back and show that it has not.
        const ageMs = Math.min(spread(STREAM_MAX_AGE * 1000), expiresAt.getTime() - now.getTime())
        const wake = () => fanOut.wake(stream.channel)
        writeHead()
        const cursor = isReset ? lastSeq : (after ?? lastSeq)
        stream.begin(response, { cursor, isReset, endsAt: performance.now() + ageMs }, wake)
        wake()
      } catch (error) {
        remove(stream)
        throw error
      }
    },
    endSessions(sessions: { id: string; userId: string }[]) {
      for (const { id, userId } of sessions) endWhere('SESSION_ENDED', ({ sid }) => sid === id, ofUser(userId))
    },
    /** To be called now and then. */
    keepAlive() {
      const now = performance.now()
      for (const stream of streams) {
        stream.keepAlive(now, STREAM_HEARTBEAT * 1000)
        if (stream.endedBy !== null) remove(stream)
      }
    },
    /** Opens no more, and ends a share of the open ones, from 0 to 1. */
    stop(share: number) {
      isStopping = true
      let left = Math.ceil(streams.size * share)
      endWhere('STOPPING', () => left-- > 0)
    }
  }
}
