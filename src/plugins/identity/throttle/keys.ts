import { createHmac } from 'node:crypto'
import { emailKey, usernameKey } from '../users/names.ts'
import type { Keys } from './limits.ts'

/** Whose password is tried: a user's, or that of an unknown name. */
export type Subject = { userId: string | null; name: string }

/**
 * Unknown names share a bounded number of keys. Otherwise made-up names would fill Redis, or the memory of this process; this
 * is about 100 MB at most. There are enough keys that even 100 guesses a second, for hours, rarely make two names collide.
 */
const UNKNOWN_KEYS = { account: 2 ** 16, pair: 2 ** 20 }

/** What attempts count for. Without `secret` nobody can tell which names share a key. */
export function createKeys(secret: string) {
  const hmac = (text: string) => createHmac('sha256', `throttle:${secret}`).update(text).digest()
  const keyOf = (name: string) => (name.includes('@') ? emailKey(name) : usernameKey(name))
  const share = (text: string, keys: number) => `unknown-${hmac(text).readUInt32BE() % keys}`

  return {
    /** The same for all spellings of a name; reveals nothing about it without the secret. */
    nameHash: (name: string) => hmac(keyOf(name)).toString('base64url').slice(0, 22),
    /** A user counts by id, an unknown name by one of a bounded number of keys. */
    keysOf({ userId, name }: Subject, network: string): Keys {
      if (userId !== null) return { network, account: userId, pair: `${userId}:${network}` }
      const key = keyOf(name)
      const account = share(key, UNKNOWN_KEYS.account)
      return { network, account, pair: share(`${key}|${network}`, UNKNOWN_KEYS.pair) }
    }
  }
}
