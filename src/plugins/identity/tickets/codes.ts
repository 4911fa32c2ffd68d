import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** Crockford's base32: without I, L, O, and U, which people mix up. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP = 4

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

/** 32 random bytes. */
export const newSecret = () => randomBytes(32).toString('base64url')
export const hashSecret = (secret: string) => sha256(secret)

/** A code of 40 random bits to type: `XXXX-XXXX`. */
export function newCode() {
  const group = () => Array.from({ length: GROUP }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return `${group()}-${group()}`
}

/** Lower case, spaces, and a missing dash make no difference, and neither do the letters that look like digits. */
const normalize = (code: string) =>
  code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

/** The hash of a code, which only the holder of the secret can check. */
export const hashCode = (secret: string, code: string) => sha256(`${secret}:${normalize(code)}`)

export function isSameHash(one: string, other: string) {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
