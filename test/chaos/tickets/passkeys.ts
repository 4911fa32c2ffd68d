import { createAuthenticator } from '../../features/passkeys/authenticator.ts'
import type { Flow, Prepare } from './kill.ts'

const COPIES = [1, 2, 3]
const PASSKEYS = '/api/users/me/passkeys'
type Challenge = { ticket: string; options: { challenge: string; user?: { id: string } } }

/** Logins of one user with a passkey, and further passkeys of this user. */
export const flows: Prepare = async ({ ask, get, join }, id) => {
  const user = await join(`passkey-${id}`)
  const authenticator = createAuthenticator({ synced: true })
  async function register(name: string, device: typeof authenticator) {
    const { ticket, options } = await get<Challenge>('POST', `${PASSKEYS}/challenge`, user)
    return { ticket, credential: device.register(options), name }
  }
  await get('POST', PASSKEYS, user, await register('first', authenticator))

  async function login(copy: number): Promise<Flow> {
    const { ticket, options } = await get<Challenge>('POST', '/api/auth/passkeys/challenge')
    const program = `program-${copy}`
    const body = { ticket, credential: authenticator.sign(options), authType: 'token' }
    return {
      name: 'login with a passkey',
      finish: () => ask('', 'POST', '/api/auth/passkeys/login', { 'user-agent': program }, body),
      async isDone() {
        const { sessions } = await get<{ sessions: { userAgent: string }[] }>('GET', '/api/auth/sessions', user)
        return sessions.some(({ userAgent }) => userAgent === program)
      }
    }
  }
  async function addition(copy: number): Promise<Flow> {
    const name = `added ${copy}`
    const body = await register(name, createAuthenticator({ synced: true }))
    return {
      name: 'another passkey',
      finish: () => ask('', 'POST', PASSKEYS, user.headers, body),
      async isDone() {
        const { passkeys } = await get<{ passkeys: { name: string }[] }>('GET', PASSKEYS, user)
        return passkeys.some((passkey) => passkey.name === name)
      }
    }
  }
  return Promise.all(COPIES.flatMap((copy) => [login(copy), addition(copy)]))
}
