import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { User } from '../../plugins/identity/users/tables.ts'
import { type EventSource, type LoggedEvent, onSecurityEvent } from '../../plugins/platform/audit/log.ts'
import { and, desc, eq, ne } from '../../plugins/platform/db/drizzle.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import { detached } from '../../plugins/platform/time-budget/time-budget.ts'
import { browserFamily } from './browsers.ts'
import type { Limits } from './limits.ts'
import { notices, type Origin, type Text } from './templates.ts'
import type { Verified } from './verified.ts'

export type Notifier = ReturnType<typeof createNotifier>
type Recipient = Pick<User, 'id' | 'email'>
type Used = 'users' | 'db' | 'tables' | 'throttle' | 'audit' | 'log' | 'tickets'
type Own = { mail: NonNullable<FastifyInstance['mail']>; limits: Limits; verified: Verified }

/** Enough of the other sessions, the ones used last. */
const COMPARED = 200

export const originOf = (request: FastifyRequest): Origin => ({
  browser: browserFamily(request.headers['user-agent']),
  ip: clientAddress(request),
  at: new Date()
})

/** Tells users by mail what happened to their account, after the change is committed and without making anyone wait. */
export function createNotifier(app: Pick<FastifyInstance, Used>, { mail, limits, verified }: Own) {
  const { users, db, tables, throttle, audit, log } = app
  const { sessions } = tables
  const pending = new Set<Promise<void>>()

  function inBackground(work: () => Promise<void>) {
    const running = detached(work)
      .catch((err: unknown) => log.warn({ err }, 'a notice could not be mailed'))
      .finally(() => pending.delete(running))
    pending.add(running)
  }

  /** An address that nobody has verified may be a stranger's, who gets only a few. */
  async function send({ id, email }: Recipient, text: Text) {
    const isAllowed = (await verified.isVerified(id)) || (await limits.mayNotify(throttle.nameHash(email), new Date()))
    if (isAllowed) mail.send({ to: email, ...text })
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

  async function noticeOf(line: LoggedEvent) {
    if (line.event !== 'authn_login_success') return notices[line.event]
    if (line.reason === 'reauthentication' || (await isKnownDevice(line))) return undefined
    return notices['new_device']
  }

  async function onEvent(line: LoggedEvent) {
    const toText = await noticeOf(line)
    const user = toText && line.userId ? await users.find(line.userId) : null
    if (!toText || user === null) return
    const { ip, userAgent, reason = null } = line as LoggedEvent & { ip?: string; userAgent?: string }
    await send(user, toText({ browser: browserFamily(userAgent), ip: ip ?? null, at: new Date() }, reason))
  }

  /** Other services in this process have events of their own, as in tests. */
  const isOurs = (source: EventSource) =>
    ('headers' in source ? source.server : (source as Partial<FastifyInstance>)).tickets === app.tickets
  const isNoticed = ({ event }: LoggedEvent) => event === 'authn_login_success' || Object.hasOwn(notices, event)
  const stop = onSecurityEvent((line, source) => {
    if (isOurs(source) && line.userId && isNoticed(line)) inBackground(() => onEvent(line))
  })

  return {
    notify: (to: Recipient, text: Text) => inBackground(() => send(to, text)),
    /** Waits for the notices that are being written. */
    async close() {
      stop()
      await Promise.all(pending)
    }
  }
}
