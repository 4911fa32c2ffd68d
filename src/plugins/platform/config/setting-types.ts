/** How to read a setting. `parse` returns undefined for an invalid text. Without a `fallback`, the setting is required. */
export type SettingType<Value> = {
  parse: (text: string) => Value | undefined
  fallback: string | null | undefined
  /** What the text must be. An error says it after the setting's name. */
  fault: string
  /** Says more precisely than `fault` what is wrong with an invalid text, without quoting it. */
  explain?: (text: string) => string
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
/** The items of a comma-separated list. */
export const parseList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Which item of a list is wrong, by its place: values are never printed. */
export function placeOf(items: string[], isWrong: (item: string) => boolean) {
  return items.length === 1 ? 'the only entry' : `entry ${items.findIndex(isWrong) + 1} of ${items.length}`
}

/** With a fallback of null, the value may be null. */
function optional<Value, F extends string | null>(type: SettingType<Value> & { fallback: F }) {
  return type as SettingType<F extends null ? Value | null : Value>
}

/**
 * A duration such as `90`, `15m`, `12h`, or `30d`; the value is in seconds. A setting for a timer needs a `longest` of at most
 * 24d: Node fires timers beyond 2^31 ms immediately.
 */
export function duration(fallback: string, minimum = 1, longest = '3650d'): SettingType<number> {
  const fault = `must be a duration such as 90, 15m, 12h, or 30d, from ${minimum}s to ${longest}`
  return { parse: within(minimum, parseSeconds(longest), parseSeconds), fallback, fault }
}

/** A whole number, optional with a fallback of null. */
export function integer<F extends string | null>(fallback: F, minimum: number, maximum: number) {
  const fault = `must be a whole number from ${minimum} to ${maximum}`
  return optional({ parse: within(minimum, maximum, parseInteger), fallback, fault })
}

const SIZE_UNITS: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

function parseBytes(text: string) {
  const [, count, unit] = /^(\d{1,13}) ?([KMG]iB|)$/.exec(text) ?? []
  return Number(count) * (SIZE_UNITS[unit ?? ''] ?? Number.NaN)
}

/** A size such as `65536`, `512KiB`, `25MiB`, or `1GiB`; the value is in bytes. */
export function size(fallback: string, longest: string): SettingType<number> {
  const fault = `must be a size such as 65536, 512KiB, 25MiB, or 1GiB, up to ${longest}`
  return { parse: within(1, parseBytes(longest), parseBytes), fallback, fault }
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

/** A text that passes the test, optional with a fallback of null. */
export function text<F extends string | null>(
  fallback: F,
  test: (value: string) => boolean,
  fault: string,
  explain?: (value: string) => string
) {
  const parse = (value: string) => (test(value) ? value : undefined)
  return optional({ parse, fallback, fault, ...(explain && { explain }) })
}

/** A comma-separated list of items that each pass the test. It is empty by default. */
export function list(test: (item: string) => boolean, fault: string): SettingType<readonly string[]> {
  return {
    parse: (value) => (parseList(value).every(test) ? parseList(value) : undefined),
    fallback: '',
    fault,
    explain(value) {
      const items = parseList(value)
      return `${fault}: ${placeOf(items, (item) => !test(item))} is invalid`
    }
  }
}
