import type { Gate } from '../../plugins/identity/auth/insert-session.ts'
import type { Audit } from '../../plugins/platform/audit/audit.ts'
import { AccountBanned } from './errors.ts'
import type { People } from './people.ts'

/** Keeps banned users out. It is the last gate, so that only somebody with all factors learns of a ban. */
export function createBanGate(people: People, audit: Audit): Gate {
  async function check(...[{ user }, , source]: Parameters<Gate>) {
    if (await people.isBanned(user.id)) {
      await audit.record(source, 'authn_login_fail', { userId: user.id, reason: 'banned' })
      throw new AccountBanned()
    }
    return { notBanned: people.notBanned(user.id) }
  }
  return Object.assign(check, { refusals: [AccountBanned] })
}
