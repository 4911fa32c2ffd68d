import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Environment } from '../../../src/plugins/platform/config/settings.ts'
import { buildWithLog, PASSWORD, signUp } from '../../build.ts'
import { waitUntil } from '../../wait.ts'
import { bodyOf } from '../mail/smtp.ts'

export type Mail = { to: string; subject: string; text: string; raw: string }

/** The mails in the folder of MAIL_URL, oldest first. */
export function readMails(folder: string): Mail[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.eml'))
  return files.sort().map((file) => {
    const raw = readFileSync(join(folder, file), 'utf8')
    const [, to = ''] = /^To: (.*?)\r?$/m.exec(raw) ?? []
    const [, subject = ''] = /^Subject: (.*?)\r?$/m.exec(raw) ?? []
    return { to, subject, text: bodyOf(raw), raw }
  })
}

/** Builds an app whose mails go to a folder of the test. `mails` waits until none is on its way, and returns all of them. */
export async function buildWithMail(t: Test, environment: Environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mails-'))
  // After the app is closed, which may write mails until then.
  t.teardown(() => rmSync(folder, { recursive: true }))
  const own = { MAIL_URL: `file:${folder}`, MAIL_FROM: 'no-reply@example.com', COOKIE_SECURE: 'false' }
  const { app, lines } = await buildWithLog(t, { ...own, ...environment })

  const readAll = () => readMails(folder)
  async function mails() {
    await waitUntil(() => app.mail?.load().queued === 0, 'no mail is on its way')
    return readAll()
  }
  const returned = new Set<string>()
  /** Waits for the next mail to this address with such a subject. */
  async function mailTo(to: string, subject: RegExp): Promise<Mail> {
    const isNext = (mail: Mail) => mail.to === to && subject.test(mail.subject) && !returned.has(mail.raw)
    await waitUntil(() => readAll().some(isNext), `a mail to ${to}: ${subject}`)
    const mail = readAll().find(isNext) as Mail
    returned.add(mail.raw)
    return mail
  }
  async function codeTo(to: string, subject: RegExp) {
    return codeIn(await mailTo(to, subject))
  }
  return { app, lines, mails, mailTo, codeTo }
}
export type WithMail = Awaited<ReturnType<typeof buildWithMail>>

/** The code in a mail. */
export function codeIn({ text }: Pick<Mail, 'text'>) {
  const [code] = /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(text) ?? []
  if (code === undefined) throw new Error(`no code in ${text}`)
  return code
}

/** Signs up a user whose address is verified at once. */
export async function signUpVerified(app: FastifyInstance, username: string) {
  const user = await signUp(app, username)
  await verifyEmail(app, username)
  return user
}

/** Verifies the address of a user at once. */
export async function verifyEmail(app: FastifyInstance, username: string) {
  const { id: userId = '', emailKey = '' } = (await app.users.findByName(username)) ?? {}
  await app.db.insert(app.tables.verifiedEmails).values({ userId, emailKey, verifiedAt: new Date() })
}

/** Sets a new password by mail. */
export async function resetPassword({ app, codeTo }: WithMail, email: string, newPassword: string) {
  const asked = await app.inject({ method: 'POST', url: '/api/auth/password-reset', payload: { email } })
  const { ticket } = asked.json()
  const code = await codeTo(email, /reset your password/)
  return app.inject({ method: 'PUT', url: '/api/auth/password-reset', payload: { ticket, code, newPassword } })
}
export { PASSWORD }
