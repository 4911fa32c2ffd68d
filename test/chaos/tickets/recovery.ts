import { codeIn, readMails } from '../../features/recovery/mails.ts'
import { waitUntil } from '../../wait.ts'
import type { Flow, Prepare, Stage, User } from './kill.ts'

const COPIES = [1, 2]
const VERIFICATION = '/api/auth/email-verification'
const NEXT = 'another long password'

/** Waits for a mail, and returns its code. */
async function codeTo({ mails }: Stage, email: string, subject: RegExp) {
  const find = () => readMails(mails).find((mail) => mail.to === email && subject.test(mail.subject))
  await waitUntil(() => find() !== undefined, `a mail to ${email}: ${subject}`)
  return codeIn(find() ?? { text: '' })
}

/** The body that verifies the address of a new user. */
async function codeOf(stage: Stage, user: User) {
  return { ticket: user.ticket, code: await codeTo(stage, user.email, /verification code/) }
}
export async function verifyByMail(stage: Stage, user: User) {
  await stage.get('PUT', VERIFICATION, user, await codeOf(stage, user))
}

async function verification(stage: Stage, id: string): Promise<Flow> {
  const user = await stage.signUp(`verify-${id}`)
  const body = await codeOf(stage, user)
  return {
    name: 'verification',
    finish: () => stage.ask('', 'PUT', VERIFICATION, user.headers, body),
    isDone: async () => (await stage.get<{ emailVerified: boolean }>('GET', '/api/users/me', user)).emailVerified
  }
}

async function reset(stage: Stage, id: string): Promise<Flow> {
  const { ask, get, join, logIn } = stage
  const { email } = await join(`reset-${id}`)
  const { ticket } = await get('POST', '/api/auth/password-reset', {}, { email })
  const body = { ticket, code: await codeTo(stage, email, /reset your password/), newPassword: NEXT }
  return {
    name: 'reset',
    finish: () => ask('', 'PUT', '/api/auth/password-reset', {}, body),
    isDone: async () => (await logIn(email, NEXT)).status === 200
  }
}

async function emailChange(stage: Stage, id: string): Promise<Flow> {
  const { ask, get, join, logIn } = stage
  const { headers } = await join(`change-${id}`)
  const email = `changed-${id}@example.com`
  const { ticket } = await get('POST', '/api/users/me/email', { headers }, { email })
  const body = { ticket, code: await codeTo(stage, email, /code/) }
  return {
    name: 'change of address',
    finish: () => ask('', 'PUT', '/api/users/me/email', headers, body),
    isDone: async () => (await logIn(email)).status === 200
  }
}

export const flows: Prepare = (stage, id) =>
  Promise.all(COPIES.flatMap((copy) => [verification, reset, emailChange].map((make) => make(stage, `${copy}-${id}`))))
