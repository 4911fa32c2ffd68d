import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isEmail, withAsciiDomain } from '../../plugins/http/body/email.ts'
import { isLoopback, parseFrom } from './address.ts'

export type Mail = { to: string; subject: string; text: string }
/** Where mails go. Both reject if that is not possible now. */
export type Transport = {
  deliver(mail: Mail, signal: AbortSignal): Promise<void>
  /** Whether a mail could be delivered: connects and logs in, but sends nothing. */
  verify(): Promise<void>
}

/** How long the server may take for each step, in ms. */
const STEP_MS = 10_000

/** Addresses as objects: nodemailer would take a text apart and might find more recipients than there are. */
function toMessage({ to, subject, text }: Mail, from: string) {
  if (!isEmail(to)) throw Object.assign(new Error('not an email address'), { code: 'EENVELOPE' })
  return {
    from: parseFrom(from) ?? { name: '', address: from },
    to: { name: '', address: withAsciiDomain(to) },
    subject,
    text,
    // No vacation reply comes back (RFC 3834).
    headers: { 'auto-submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true
  }
}

/** Loaded with the first mail: it takes time and memory that a start does not need. */
const loadNodemailer = () => import('nodemailer')

/** By SMTP. Passwords and codes only travel encrypted: without TLS the server has to offer STARTTLS, unless it is on this machine. */
function createSmtpTransport(address: URL, from: string): Transport {
  const { protocol, hostname, port, username, password } = address
  const isHere = isLoopback(hostname)
  const options = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || (protocol === 'smtps:' ? 465 : 587)),
    secure: protocol === 'smtps:',
    requireTLS: !isHere,
    ignoreTLS: isHere,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...{ connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS, dnsTimeout: STEP_MS }
  }
  return {
    async deliver(mail, signal) {
      const { createTransport } = await loadNodemailer()
      await createTransport(options).sendMail({ ...toMessage(mail, from), signal })
    },
    async verify() {
      const { createTransport } = await loadNodemailer()
      await createTransport(options).verify()
    }
  }
}

/** Into a folder, one `.eml` file a mail: for development. */
function createFileTransport(folder: string, from: string): Transport {
  return {
    async deliver(mail) {
      const { createTransport } = await loadNodemailer()
      const made = await createTransport({ streamTransport: true, buffer: true }).sendMail(toMessage(mail, from))
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const path = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`)
      // Whoever watches the folder sees whole mails only.
      await writeFile(`${path}.part`, made.message, { flag: 'wx', mode: 0o600 })
      await rename(`${path}.part`, path)
    },
    async verify() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
    }
  }
}

/** The transport of MAIL_URL, with the sender of MAIL_FROM. */
export function createTransport(url: string, from: string): Transport {
  if (url.startsWith('file:')) return createFileTransport(url.slice('file:'.length), from)
  return createSmtpTransport(new URL(url), from)
}
