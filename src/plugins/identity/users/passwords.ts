import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import { createCommonPasswords } from './common-passwords.ts'
import { createConcurrencyLimit, type Lane } from './concurrency-limit.ts'
import { PasswordTooCommon } from './errors.ts'

/** OWASP's for argon2id, which is the package's default algorithm: 19 MiB, two passes, one lane. */
export const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/**
 * Node's thread pool has four threads unless UV_THREADPOOL_SIZE says otherwise; one stays free for files and names. And no more
 * than there are cores: three hashes on one core make no more logins, and others wait four times as long (docs/performance.md).
 */
export const HASHES_AT_ONCE = Math.min(3, availableParallelism())

export type Passwords = ReturnType<typeof createPasswords>
/** Whether a password is right. 'as typed': only without NFC, as hashes of earlier versions are; the login then renews it. */
export type Match = boolean | 'as typed'

/** A hash of today's strength that no password is known to have, and that takes no time to make. */
function makeDecoy() {
  const { memoryCost, timeCost, parallelism, outputLen } = PARAMETERS
  const [salt, tag] = [16, outputLen].map((size) => randomBytes(size).toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${tag}`
}

/** Whether a hash was made with another algorithm or with smaller parameters than today's. */
function isWeak(passwordHash: string) {
  const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(passwordHash) ?? []
  return Number(memory ?? 0) < PARAMETERS.memoryCost || Number(passes ?? 0) < PARAMETERS.timeCost
}

/** Hashing and checking of passwords, at most `concurrency` at once. */
export function createPasswords(concurrency: number, minLength: number) {
  const isCommon = createCommonPasswords(minLength)
  const govern = createConcurrencyLimit(concurrency, 128, 900)
  const decoy = makeDecoy()

  async function fits(passwordHash: string | null, password: string) {
    // Made by the Flask starter, which used bcrypt; renewed at the first login.
    if (passwordHash?.startsWith('$2')) return govern(() => verifyBcrypt(password, passwordHash))
    // A hash that nobody here can read, such as one that was taken over, fits no password.
    const isMatch = await govern(() => verify(passwordHash ?? decoy, password).catch(() => false))
    return isMatch && passwordHash !== null
  }

  return {
    /** An argon2id hash as a PHC string, of the password in NFC (NIST 800-63B-4, 3.1.1.2). */
    hash: (password: string, lane?: Lane) => govern(() => hash(password.normalize('NFC'), PARAMETERS), lane),
    /** Takes the same time where there is no such user (null): then it is false (ASVS 5.0, 6.3.8). */
    async verify(passwordHash: string | null, password: string): Promise<Match> {
      const normal = password.normalize('NFC')
      if (await fits(passwordHash, normal)) return true
      return normal !== password && (await fits(passwordHash, password)) ? 'as typed' : false
    },
    isWeak,
    /** How many hashes are being computed, wait, and were refused since the start. */
    load: govern.load,
    /** Throws PASSWORD_TOO_COMMON. */
    async refuseCommon(password: string) {
      if (await isCommon(password.normalize('NFC'))) throw new PasswordTooCommon()
    }
  }
}
