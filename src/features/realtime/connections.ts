import type { Settings } from '../../plugins/platform/config/settings.ts'
import { ServiceUnavailable, Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import type { MessageLog } from './log.ts'
import { inboxOf } from './messages.ts'

/** Why the service ends a connection. A client stops after the first and the last one, and comes back after the others. */
export type EndCode = 'SESSION_ENDED' | 'STOPPING' | 'MAX_AGE' | 'TOO_MANY_STREAMS'
/** Whose connection it is. */
export type Owner = { userId: string; sid: string }
/** A stream, or whatever else stays open. It belongs to a session, and ends with it. */
export type Connection = Readonly<Owner> & {
  /** Why it ended; null while it is open. `slow`: the client did not read; `closed`: the client closed it. */
  endedBy: EndCode | 'slow' | 'closed' | 'flood' | null
  end(code: EndCode, retryMs?: number): void
  /** To be called now and then: shows the proxy and the client that it is alive, and ends it if nobody reads. */
  keepAlive(nowMs: number, heartbeatMs: number): void
}
/** The numbers of the inbox of its user, and when it ends, in ms of `performance.now`. */
export type Admission = { firstSeq: number; lastSeq: number; endsAt: number }
export type Connections = ReturnType<typeof createConnections>
type Limits = Pick<Settings, 'STREAMS_MAX' | 'STREAMS_PER_USER' | 'STREAM_HEARTBEAT' | 'STREAM_MAX_AGE'>

/** So that connections that began together do not end together. */
const spread = (ms: number) => ms * (0.9 + 0.2 * Math.random())
/** After a restart, clients come back within this time, in ms. */
const COME_BACK_MS = 10_000

/** The open connections of this replica. */
export function createConnections(limits: Limits, log: Pick<MessageLog, 'findStart'>) {
  const { STREAMS_MAX, STREAMS_PER_USER, STREAM_HEARTBEAT, STREAM_MAX_AGE } = limits
  const open = new Set<Connection>()
  const byUser = new Map<string, Set<Connection>>()
  const ended: Record<string, number> = {}
  let isStopping = false

  const ofUser = (userId: string) => [...(byUser.get(userId) ?? [])]

  function remove(connection: Connection) {
    if (!open.delete(connection)) return
    const others = byUser.get(connection.userId)
    others?.delete(connection)
    if (others?.size === 0) byUser.delete(connection.userId)
    connection.endedBy ??= 'closed'
    ended[connection.endedBy] = (ended[connection.endedBy] ?? 0) + 1
  }

  function add(connection: Connection) {
    if (isStopping || open.size >= STREAMS_MAX) throw new ServiceUnavailable()
    const [oldest, ...others] = ofUser(connection.userId)
    if (oldest && others.length + 1 >= STREAMS_PER_USER) {
      oldest.end('TOO_MANY_STREAMS')
      remove(oldest)
    }
    open.add(connection)
    byUser.set(connection.userId, (byUser.get(connection.userId) ?? new Set()).add(connection))
  }

  function endWhere(code: EndCode, isIt: (connection: Connection) => boolean, some: Iterable<Connection> = open) {
    for (const connection of some) {
      if (!isIt(connection)) continue
      connection.end(code, code === 'STOPPING' ? Math.round(Math.random() * COME_BACK_MS) : undefined)
      remove(connection)
    }
  }

  return {
    count: () => open.size,
    /** How many have ended since the start, by what ended them. */
    ended: (): Readonly<Record<string, number>> => ended,
    remove,
    /**
     * Gives a connection its place before it begins, so that a revocation in between finds it. Throws SERVICE_UNAVAILABLE, and
     * UNAUTHENTICATED if the session has ended since the guard looked.
     */
    async admit(connection: Connection): Promise<Admission> {
      add(connection)
      try {
        const now = new Date()
        const start = await log.findStart(inboxOf(connection.userId), connection.sid, now)
        if (start === null || connection.endedBy === 'SESSION_ENDED') throw new Unauthenticated()
        if (connection.endedBy !== null) throw new ServiceUnavailable()
        // When the session may have expired, the client has to come back and show that it has not.
        const ageMs = Math.min(spread(STREAM_MAX_AGE * 1000), start.expiresAt.getTime() - now.getTime())
        return { firstSeq: start.firstSeq, lastSeq: start.lastSeq, endsAt: performance.now() + ageMs }
      } catch (error) {
        remove(connection)
        throw error
      }
    },
    endSessions(sessions: { id: string; userId: string }[]) {
      for (const { id, userId } of sessions) endWhere('SESSION_ENDED', ({ sid }) => sid === id, ofUser(userId))
    },
    /** To be called now and then. */
    keepAlive() {
      const now = performance.now()
      for (const connection of open) {
        connection.keepAlive(now, STREAM_HEARTBEAT * 1000)
        if (connection.endedBy !== null) remove(connection)
      }
    },
    /** Opens no more, and ends a share of the open ones, from 0 to 1. */
    stop(share: number) {
      isStopping = true
      let left = Math.ceil(open.size * share)
      endWhere('STOPPING', () => left-- > 0)
    }
  }
}
