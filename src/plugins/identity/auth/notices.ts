import type { FastifyInstance } from 'fastify'
import { type EventSource, type LoggedEvent, onSecurityEvent } from '../../platform/audit/log.ts'
import { and, desc, eq, ne } from '../../platform/db/drizzle.ts'
import { networkOf } from '../../platform/logging/client-address.ts'
import { detached } from '../../platform/time-budget/time-budget.ts'
import { browserFamily } from './browsers.ts'

/** Something that the user of an account should hear about. `event`: the name of a security event, or `new_device`. */
export type Notice = {
  event: string
  reason: string | null
  userId: string
  /** The family of the browser that caused it. */
  browser: string | null
  ip: string | null
  at: Date
}
type Used = Pick<FastifyInstance, 'db' | 'tables' | 'audit' | 'log'>

/** The events that are noticed. Features declare some of them, which may be absent. */
const NOTICED = new Set([
  'authn_password_change',
  'authn_factor_added',
  'authn_factor_removed',
  'authn_recovery_code_used',
  'identity_linked',
  'api_token_created'
])
const LOGIN = 'authn_login_success'
/** Enough of the other sessions, the ones used last. */
const COMPARED = 200

/** Tells the listener of each notice, after the change is committed and without making anyone wait. */
export function watchNotices({ db, tables, audit, log }: Used, listener: (notice: Notice) => Promise<unknown>) {
  const { sessions } = tables
  const pending = new Set<Promise<void>>()

  function inBackground(work: () => Promise<unknown>) {
    const running = detached(async () => void (await work()))
      .catch((err: unknown) => log.warn({ err }, 'a security notice could not be sent'))
      .finally(() => pending.delete(running))
    pending.add(running)
  }

  /** Whether this user has another session from this network, with a browser of the same family, or has just signed up here. */
  async function isKnownDevice({ userId, sid, ip, userAgent }: LoggedEvent) {
    const isOther = and(eq(sessions.userId, `${userId}`), ne(sessions.id, `${sid}`))
    const { ip: address, userAgent: program } = sessions
    const others = await db
      .select({ ip: address, userAgent: program })
      .from(sessions)
      .where(isOther)
      .orderBy(desc(sessions.lastSeenAt))
      .limit(COMPARED)
    const network = networkOf(`${ip}`)
    if (others.length === 0) return audit.hasEvent('user_created', `${userId}`, network)
    const family = browserFamily(userAgent as string | undefined)
    const isSame = (other: { ip: string | null; userAgent: string | null }) =>
      networkOf(other.ip ?? '') === network && browserFamily(other.userAgent) === family
    return others.some(isSame)
  }

  async function onEvent(line: LoggedEvent) {
    const isLogin = line.event === LOGIN
    if (isLogin && (line.reason === 'reauthentication' || (await isKnownDevice(line)))) return
    const { ip = null, userAgent, reason = null } = line as LoggedEvent & { ip?: string; userAgent?: string }
    const event = isLogin ? 'new_device' : line.event
    await listener({ event, reason, userId: `${line.userId}`, browser: browserFamily(userAgent), ip, at: new Date() })
  }

  /** Other services in this process have events of their own, as in tests. */
  const isOurs = (source: EventSource) =>
    ('headers' in source ? source.server : (source as Partial<FastifyInstance>)).audit === audit
  const stop = onSecurityEvent((line, source) => {
    const isNoticed = line.event === LOGIN || NOTICED.has(line.event)
    if (isNoticed && line.userId && isOurs(source)) inBackground(() => onEvent(line))
  })

  return {
    inBackground,
    /** Waits for the notices that are on their way. */
    async close() {
      stop()
      await Promise.all(pending)
    }
  }
}
