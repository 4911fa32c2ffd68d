import Type, { type StaticParse, type TInteger, type TNull, type TSchema, type TString, type TUnion } from 'typebox'

/** How the text of a setting becomes a value of its schema: undefined where it cannot. */
type Parse = (text: string) => unknown
/** A TypeBox schema of the value, with the parser and the default text that lead to it; no default: required. */
export type Kind = TSchema & { parse: Parse; fallback: string | null | undefined; fault: string }

function kind<T extends TSchema>(schema: T, parse: Parse, fallback: string | null | undefined, fault: string) {
  return { ...schema, parse, fallback, fault } as T & Kind
}

const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(text: string) {
  const [, count, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  return Number(count) * (UNITS[unit ?? ''] ?? Number.NaN)
}

const parseInteger = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN)
/** A number that is none lies between no limits. */
const within = (minimum: number, maximum: number, parse: (text: string) => number) => (text: string) =>
  parse(text) >= minimum && parse(text) <= maximum ? parse(text) : undefined
const parseBoolean = (text: string) => ({ true: true, false: false })[text]
const parseList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/**
 * A duration such as `90`, `15m`, `12h` or `30d`; its value is in seconds. What becomes a timer needs a `longest` of 24d or
 * less: beyond 2^31 ms a timer of Node fires at once.
 */
export function duration(fallback: string, minimum = 1, longest = '3650d') {
  const fault = `must be a duration such as 90, 15m, 12h or 30d, from ${minimum}s to ${longest}`
  const maximum = parseSeconds(longest)
  return kind(Type.Integer({ minimum, maximum }), within(minimum, maximum, parseSeconds), fallback, fault)
}

/** A whole number; where the fallback is null it may be missing, and is null then. */
export function integer<F extends string | null>(fallback: F, minimum: number, maximum: number) {
  const whole = Type.Integer({ minimum, maximum })
  const schema = fallback === null ? Type.Union([whole, Type.Null()]) : whole
  const fault = `must be a whole number from ${minimum} to ${maximum}`
  const parse = within(minimum, maximum, parseInteger)
  return kind(schema as F extends null ? TUnion<[TInteger, TNull]> : TInteger, parse, fallback, fault)
}

/** `true` or `false`. */
export function flag(fallback: 'true' | 'false') {
  return kind(Type.Boolean(), parseBoolean, fallback, 'must be true or false')
}

/** One of a few words. */
export function choice<const T extends string[]>(words: readonly [...T], fallback: T[number]) {
  const parse = (text: string) => words.find((word) => word === text)
  return kind(Type.Enum(words), parse, fallback, `must be one of ${words.join(', ')}`)
}

/** A text that passes the test; where the fallback is null it may be missing, and is null then. */
export function text<F extends string | null>(fallback: F, test: (value: string) => boolean, fault: string) {
  const schema = fallback === null ? Type.Union([Type.String(), Type.Null()]) : Type.String()
  const parse = (value: string) => (test(value) ? value : undefined)
  return kind(schema as F extends null ? TUnion<[TString, TNull]> : TString, parse, fallback, fault)
}

/** A comma-separated list, empty by default, each item of which passes the test. */
export function list(test: (item: string) => boolean, fault: string) {
  const parse = (value: string) => (parseList(value).every(test) ? parseList(value) : undefined)
  return kind(Type.Array(Type.String()), parse, '', fault)
}

// A PEM block, were it public, would let anybody sign who has the public key.
const PLACEHOLDER = /change.?(me|this)|secret|password|example|placeholder|replace|your.?key|insert|-----BEGIN/i

/** A key from a good random source is long and does not repeat; words, runs such as `abcd…` and repetitions are none. */
function isStrongSecret(secret: string) {
  const codes = [...secret].map((character) => character.charCodeAt(0))
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0))
  const isVaried = new Set(codes).size >= 10 && new Set(steps).size >= 10
  const isPeriodic = codes.some((_, i) => i > 0 && i <= secret.length / 2 && secret.startsWith(secret.slice(i)))
  return codes.length >= 32 && isVaried && !isPeriodic && !PLACEHOLDER.test(secret)
}

/** One or more keys, comma-separated: the first signs, all verify (ASVS 5.0, 11.2.3 and 13.3.4). Required. */
export function secrets() {
  const isList = (keys: string[]) => keys.length > 0 && keys.every(isStrongSecret)
  const parse = (value: string) => (isList(parseList(value)) ? parseList(value) : undefined)
  const fault =
    'must be 32 or more random characters, or several such keys with commas between: openssl rand -base64 48'
  return kind(Type.Array(Type.String(), { minItems: 1 }), parse, undefined, fault)
}

export type Values<T extends Record<string, Kind>> = { [K in keyof T]: StaticParse<T[K]> }
