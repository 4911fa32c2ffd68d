import { parseList, placeOf, type SettingType } from './setting-types.ts'

const PLACEHOLDER = /change.?(me|this)|secret|password|example|placeholder|replace|your.?key|insert/i

/** Why a key does not look random, or null: it must be long and varied, without words, repetition, or runs such as `abcd…`. */
function findWeakness(secret: string) {
  const codes = [...secret].map((character) => character.charCodeAt(0))
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0))
  // A public key used as an HMAC secret would let anyone sign.
  if (/-----BEGIN/i.test(secret)) return 'is a PEM block, which belongs in another setting or nowhere'
  if (PLACEHOLDER.test(secret)) return 'contains a word that placeholders have, such as "change me" or "secret"'
  if (codes.length < 32) return 'has fewer than 32 characters'
  if (new Set(codes).size < 10) return 'has fewer than 10 different characters'
  if (new Set(steps).size < 10) return 'is a run of neighboring characters'
  const isPeriodic = codes.some((_, i) => i > 0 && i <= secret.length / 2 && secret.startsWith(secret.slice(i)))
  return isPeriodic ? 'repeats itself' : null
}

/** One or more comma-separated keys, required. The first signs, all verify (ASVS 5.0, 11.2.3 and 13.3.4). */
export function secrets(): SettingType<readonly string[]> {
  const isStrong = (key: string) => findWeakness(key) === null
  const fault = 'must be one or more comma-separated keys of at least 32 random characters (openssl rand -base64 48)'
  return {
    parse(value) {
      const keys = parseList(value)
      return keys.length > 0 && keys.every(isStrong) ? keys : undefined
    },
    fallback: undefined,
    fault,
    explain(value) {
      const keys = parseList(value)
      const weakness = keys.map(findWeakness).find((found) => found !== null)
      return weakness ? `${fault}: ${placeOf(keys, (key) => !isStrong(key))} ${weakness}` : fault
    }
  }
}

/** Keys as above, or null: what they are for is off. */
export const optionalSecrets = () => ({ ...secrets(), fallback: null }) as SettingType<readonly string[] | null>
