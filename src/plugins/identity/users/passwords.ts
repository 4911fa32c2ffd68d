import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import { isCommonPassword } from './common-passwords.ts'
import { createConcurrencyLimit, type Lane } from './concurrency-limit.ts'
import { PasswordTooCommon } from './errors.ts'
import type { User } from './tables.ts'

/** OWASP's recommendation for argon2id, the default algorithm of the package: 19 MiB, two passes, one lane. */
export const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/**
 * Node's thread pool has four threads unless UV_THREADPOOL_SIZE says otherwise; one stays free for files and DNS. At most one per
 * core: three hashes on one core allow no more logins, and other requests wait four times as long (docs/performance.md).
 */
export const HASHES_AT_ONCE = Math.min(3, availableParallelism())

export type Passwords = ReturnType<typeof createPasswords>
/** Whether a password is right. 'as typed': it matches only before NFC, as in earlier versions; the login then rehashes it. */
export type Match = boolean | 'as typed'

/** In place of a hash: the user has no password, and none matches. */
export const NO_PASSWORD = 'none'
export const hasPassword = ({ passwordHash }: Pick<User, 'passwordHash'>) => passwordHash !== NO_PASSWORD

/** A hash with the current parameters that no known password matches. Creating it takes no time. */
function makeDecoy() {
  const { memoryCost, timeCost, parallelism, outputLen } = PARAMETERS
  const [salt, tag] = [16, outputLen].map((size) => randomBytes(size).toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${tag}`
}

/** Whether a hash uses another algorithm, or weaker parameters than the current ones. */
function isWeak(passwordHash: string) {
  const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(passwordHash) ?? []
  return Number(memory ?? 0) < PARAMETERS.memoryCost || Number(passes ?? 0) < PARAMETERS.timeCost
}

/** Hashes and verifies passwords, at most `concurrency` at once. */
export function createPasswords(concurrency: number) {
  const govern = createConcurrencyLimit(concurrency, 128, 900)
  const decoy = makeDecoy()

  async function fits(passwordHash: string | null, password: string) {
    // The Flask starter used bcrypt. The first login replaces such a hash.
    if (passwordHash?.startsWith('$2')) return govern(() => verifyBcrypt(password, passwordHash))
    // A hash of an unknown kind, such as an imported one, matches no password.
    const isThere = passwordHash !== null && passwordHash !== NO_PASSWORD
    const isMatch = await govern(() => verify(isThere ? passwordHash : decoy, password).catch(() => false))
    return isMatch && isThere
  }

  return {
    /** Returns an argon2id hash of the password in NFC, as a PHC string (NIST 800-63B-4, 3.1.1.2). */
    hash: (password: string, lane?: Lane) => govern(() => hash(password.normalize('NFC'), PARAMETERS), lane),
    /** Returns false if there is no such user (null) or no password, after the same time (ASVS 5.0, 6.3.8). */
    async verify(passwordHash: string | null, password: string): Promise<Match> {
      const normal = password.normalize('NFC')
      if (await fits(passwordHash, normal)) return true
      return normal !== password && (await fits(passwordHash, password)) ? 'as typed' : false
    },
    isWeak,
    /** How many hashes are being computed, are waiting, and were rejected since the start. */
    load: govern.load,
    /** Throws PASSWORD_TOO_COMMON, with the member of the body that has the password. */
    async refuseCommon(password: string, pointer = '/password') {
      if (await isCommonPassword(password.normalize('NFC'))) throw new PasswordTooCommon(pointer)
    }
  }
}
