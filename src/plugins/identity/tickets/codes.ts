import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** Crockford's base32: without I, L, O, and U, which people mix up. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP = 4

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

/** 32 random bytes. */
export const newSecret = () => randomBytes(32).toString('base64url')
export const hashSecret = (secret: string) => sha256(secret)

/** A code to type, of 20 random bits in each group of four letters: two of them by default. */
export function newCode(groups = 2) {
  const group = () => Array.from({ length: GROUP }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return Array.from({ length: groups }, group).join('-')
}

/** Lower case, spaces, and a missing dash make no difference, and neither do the letters that look like digits. */
export const normalizeCode = (code: string) =>
  code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

/** The hash of a code, which only the holder of the secret can check. */
export const hashCode = (secret: string, code: string) => sha256(`${secret}:${normalizeCode(code)}`)

export function isSameHash(one: string, other: string) {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
