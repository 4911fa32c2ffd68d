import type { FastifyInstance } from 'fastify'
import { watchNotices } from '../../plugins/identity/auth/notices.ts'

/** Tells users what happened to the security of their account. The list of security events has all of it, also what was lost in a crash. */
export function sendNotices(app: FastifyInstance) {
  const { close } = watchNotices(app, ({ event, reason, userId, browser, ip }) =>
    app.transaction({ steps: app.notify(userId, { type: 'security', data: { event, reason, browser, ip } }) })
  )
  app.addHook('onClose', close)
}
