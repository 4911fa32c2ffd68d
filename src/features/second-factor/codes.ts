import { createHash, randomBytes } from 'node:crypto'

/** Crockford's base32: without I, L, O, and U, which people mix up. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODES = 10
/** Of five bits each: 120 bits. */
const LETTERS = 24

/** Upper and lower case, spaces, and dashes make no difference. */
const normalize = (code: string) =>
  code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

/** Ten new recovery codes, in groups of four letters. */
export function newRecoveryCodes() {
  return Array.from({ length: CODES }, () => {
    const letters = Array.from(randomBytes(LETTERS), (byte) => ALPHABET[byte % ALPHABET.length])
    return letters.join('').replaceAll(/(.{4})(?=.)/g, '$1-')
  })
}

export const hashRecoveryCode = (code: string) => createHash('sha256').update(normalize(code)).digest('base64url')
