import { createTransport } from '../src/features/mail/transport.ts'
import type { Settings } from '../src/plugins/platform/config/settings.ts'
import type { Finding } from './doctor-rules.ts'

export const mailOption = { mail: { type: 'string' } } as const
export const mailUsage = '  --mail <address>  without --spa and --api: sends a mail there, with MAIL_URL and MAIL_FROM'

const TIMEOUT_MS = 30_000
const TEXT = 'The mail settings of your service work.\n'

/** Sends one mail, and says whether the mail server took it. */
export async function sendTestMail(
  to: string,
  { MAIL_URL, MAIL_FROM }: Settings,
  say: (title: string, finding: Finding | null) => unknown
): Promise<void> {
  const title = `The mail server takes a mail to ${to}`
  if (MAIL_URL === null || MAIL_FROM === null)
    return void say(title, { setting: 'MAIL_URL', text: 'It is not set, so the service sends no mail' })
  const mail = { to, subject: 'A test mail from the doctor', text: TEXT }
  await createTransport(MAIL_URL, MAIL_FROM)
    .deliver(mail, AbortSignal.timeout(TIMEOUT_MS))
    .then(
      () => say(title, null),
      (error: Error) => say(title, { setting: 'MAIL_URL', text: error.message })
    )
}
