/** How a setting is read: `parse` gives undefined for a text that it refuses; a `fallback` of undefined: the setting is required. */
export type SettingType<Value> = {
  parse: (text: string) => Value | undefined
  fallback: string | null | undefined
  /** What the text must be, as it follows the setting's name in an error. */
  fault: string
}

const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(text: string) {
  const [, count, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  return Number(count) * (UNITS[unit ?? ''] ?? Number.NaN)
}

const parseInteger = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN)
// NaN fails both comparisons.
const within = (minimum: number, maximum: number, parse: (text: string) => number) => (text: string) =>
  parse(text) >= minimum && parse(text) <= maximum ? parse(text) : undefined
const parseList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** With a fallback of null the value may be null as well. */
function optional<Value, F extends string | null>(type: SettingType<Value> & { fallback: F }) {
  return type as SettingType<F extends null ? Value | null : Value>
}

/**
 * A duration such as `90`, `15m`, `12h` or `30d`; its value is in seconds. A setting that becomes a timer needs a `longest` of
 * 24d or less: Node fires timers beyond 2^31 ms at once.
 */
export function duration(fallback: string, minimum = 1, longest = '3650d'): SettingType<number> {
  const fault = `must be a duration such as 90, 15m, 12h or 30d, from ${minimum}s to ${longest}`
  return { parse: within(minimum, parseSeconds(longest), parseSeconds), fallback, fault }
}

/** A whole number; with a fallback of null it is optional. */
export function integer<F extends string | null>(fallback: F, minimum: number, maximum: number) {
  const fault = `must be a whole number from ${minimum} to ${maximum}`
  return optional({ parse: within(minimum, maximum, parseInteger), fallback, fault })
}

/** `true` or `false`. */
export function flag(fallback: 'true' | 'false'): SettingType<boolean> {
  const parse = (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined)
  return { parse, fallback, fault: 'must be true or false' }
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[], fallback: T): SettingType<T> {
  return { parse: (text) => words.find((word) => word === text), fallback, fault: `must be one of ${words.join(', ')}` }
}

/** A text that passes the test; with a fallback of null it is optional. */
export function text<F extends string | null>(fallback: F, test: (value: string) => boolean, fault: string) {
  return optional({ parse: (value: string) => (test(value) ? value : undefined), fallback, fault })
}

/** A comma-separated list, empty by default, each item of which passes the test. */
export function list(test: (item: string) => boolean, fault: string): SettingType<readonly string[]> {
  return { parse: (value) => (parseList(value).every(test) ? parseList(value) : undefined), fallback: '', fault }
}

// A PEM block is refused: as an HMAC secret a public key would let anyone sign.
const PLACEHOLDER = /change.?(me|this)|secret|password|example|placeholder|replace|your.?key|insert|-----BEGIN/i

/** Whether it looks like a key from a random source: long, varied, and no word, run such as `abcd…` or repetition. */
function isStrongSecret(secret: string) {
  const codes = [...secret].map((character) => character.charCodeAt(0))
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0))
  const isVaried = new Set(codes).size >= 10 && new Set(steps).size >= 10
  const isPeriodic = codes.some((_, i) => i > 0 && i <= secret.length / 2 && secret.startsWith(secret.slice(i)))
  return codes.length >= 32 && isVaried && !isPeriodic && !PLACEHOLDER.test(secret)
}

/** One or more keys, comma-separated: the first signs, all verify (ASVS 5.0, 11.2.3 and 13.3.4). Required. */
export function secrets(): SettingType<readonly string[]> {
  const isList = (keys: string[]) => keys.length > 0 && keys.every(isStrongSecret)
  return {
    parse: (value) => (isList(parseList(value)) ? parseList(value) : undefined),
    fallback: undefined,
    fault: 'must be 32 or more random characters, or several such keys with commas between: openssl rand -base64 48'
  }
}
