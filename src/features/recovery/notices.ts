import type { FastifyInstance, FastifyRequest } from 'fastify'
import { browserFamily } from '../../plugins/identity/auth/browsers.ts'
import { type Notice, watchNotices } from '../../plugins/identity/auth/notices.ts'
import type { User } from '../../plugins/identity/users/tables.ts'
import { clientAddress } from '../../plugins/platform/logging/client-address.ts'
import type { Limits } from './limits.ts'
import { notices, type Origin, type Text } from './templates.ts'
import type { Verified } from './verified.ts'

export type Notifier = ReturnType<typeof createNotifier>
type Recipient = Pick<User, 'id' | 'email'>
type Used = 'users' | 'db' | 'tables' | 'throttle' | 'audit' | 'log'
type Own = { mail: NonNullable<FastifyInstance['mail']>; limits: Limits; verified: Verified }

export const originOf = (request: FastifyRequest): Origin => ({
  browser: browserFamily(request.headers['user-agent']),
  ip: clientAddress(request),
  at: new Date()
})

/** Tells users by mail what happened to their account. */
export function createNotifier(app: Pick<FastifyInstance, Used>, { mail, limits, verified }: Own) {
  const { users, throttle } = app

  /** An address that nobody has verified may be a stranger's, who gets only a few. */
  async function send({ id, email }: Recipient, text: Text) {
    const isAllowed = (await verified.isVerified(id)) || (await limits.mayNotify(throttle.nameHash(email), new Date()))
    if (isAllowed) mail.send({ to: email, ...text })
  }
  async function onNotice({ event, reason, userId, ...origin }: Notice) {
    const toText = notices[event]
    const user = toText && (await users.find(userId))
    if (user) await send(user, toText(origin, reason))
  }
  const { inBackground, close } = watchNotices(app, onNotice)

  return {
    notify: (to: Recipient, text: Text) => inBackground(() => send(to, text)),
    /** Waits for the notices that are being written. */
    close
  }
}
