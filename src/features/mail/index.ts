import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { measureMail } from './metrics.ts'
import { createMailQueue, type MailQueue } from './queue.ts'
import { createTransport } from './transport.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sends mails in the background: `app.mail?.send({ to, subject, text })`. Null without MAIL_URL. */
    mail: MailQueue | null
  }
}

/** Mails, by SMTP or into a folder; nothing without MAIL_URL. */
async function mail(app: FastifyInstance) {
  const { MAIL_URL, MAIL_FROM } = app.config
  if (MAIL_URL === null || MAIL_FROM === null) {
    app.decorate('mail', null)
    return
  }
  const queue = createMailQueue(createTransport(MAIL_URL, MAIL_FROM), app.log)
  app.decorate('mail', queue)
  await measureMail(app, queue)
  app.addDependency('mail', { isRemote: false, isUp: queue.isUp, check: queue.check })
  app.addHook('onClose', () => queue.close())
}

export default fp(mail, { name: 'mail', dependencies: ['config', 'logging', 'time-budget'] })
