import type { Gate } from '../../plugins/identity/auth/insert-session.ts'
import type { SessionOptions } from '../../plugins/identity/auth/strategy.ts'
import type { Tickets } from '../../plugins/identity/tickets/tickets.ts'
import { SecondFactorRequired } from './errors.ts'
import type { Factors } from './factors.ts'
import type { Methods } from './methods.ts'

/** Of the tickets that wait for a second factor. */
export const PURPOSE = 'second-factor'
const TTL_SECONDS = 300
/** What RFC 8176 calls a login by more than one factor. */
export const MFA = 'mfa'

/** What a ticket remembers: the first factor, and the options of the login; null: a session is renewed. */
export type Pending = { methods: string[]; authenticatedAt: string; options: SessionOptions | null }

/** Lets a user with a second factor pass only with it (ASVS 5.0, 6.3.3 and 6.3.4). Without one, nobody is asked for more. */
export function createGate(factors: Factors, tickets: Tickets, methods: Methods): Gate {
  async function check(...[{ user, methods: used, authenticatedAt }, asked]: Parameters<Gate>) {
    if (used.includes(MFA)) return {}
    if (!(await factors.isEnabled(user.id))) return factors.withoutFactor(user.id)
    const isLogin = 'options' in asked
    const sessionId = isLogin ? null : asked.old.id
    const data = { methods: used, authenticatedAt, options: isLogin ? asked.options : null }
    const open = await tickets.create({ purpose: PURPOSE, ttl: TTL_SECONDS, user, sessionId, data }, new Date())
    throw new SecondFactorRequired({ ...open, methods: await methods.available(user.id) })
  }
  return Object.assign(check, { refusals: [SecondFactorRequired] })
}
