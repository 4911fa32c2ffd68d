import { codeOf } from '../../features/second-factor/codes.ts'
import type { Flow, Prepare, Stage } from './kill.ts'

const COPIES = [1, 2, 3]
type Ticket = { secondFactor: { ticket: string } }

async function enrollment({ ask, get, join, logIn }: Stage, id: string): Promise<Flow> {
  const user = await join(`enroll-${id}`)
  const { secret } = await get<{ secret: string }>('POST', '/api/users/me/totp', user)
  const code = codeOf(secret)
  return {
    name: 'enrollment',
    finish: () => ask('', 'PUT', '/api/users/me/totp', user.headers, { code }),
    isDone: async () => (await logIn(user.username)).body.code === 'SECOND_FACTOR_REQUIRED'
  }
}

/** Logins of one user, each with a recovery code of its own. */
async function logins({ ask, get, join, logIn }: Stage, id: string): Promise<Flow[]> {
  const user = await join(`factor-${id}`)
  const { secret } = await get<{ secret: string }>('POST', '/api/users/me/totp', user)
  type Enabled = { recoveryCodes: string[]; accessToken: string }
  const enabled = await get<Enabled>('PUT', '/api/users/me/totp', user, { code: codeOf(secret) })
  const headers = { authorization: `Bearer ${enabled.accessToken}` }
  return Promise.all(
    COPIES.map(async (copy) => {
      const { secondFactor } = (await logIn(user.username)).body as unknown as Ticket
      const program = `program-${copy}`
      const body = { ticket: secondFactor.ticket, recoveryCode: enabled.recoveryCodes[copy] }
      return {
        name: 'login with a recovery code',
        finish: () => ask('', 'POST', '/api/auth/second-factor', { 'user-agent': program }, body),
        async isDone() {
          const { sessions } = await get<{ sessions: { userAgent: string }[] }>('GET', '/api/auth/sessions', {
            headers
          })
          return sessions.some(({ userAgent }) => userAgent === program)
        }
      }
    })
  )
}

export const flows: Prepare = async (stage, id) => [
  await enrollment(stage, id),
  ...(await logins(stage, id)),
  await enrollment(stage, `2-${id}`)
]
