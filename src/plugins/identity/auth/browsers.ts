/** The first that matches: many claim to be others, too. */
const FAMILIES: [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+ .*\bSafari\//, 'Safari']
]

/** The family of a browser, from a fixed list: the header can be any text. Null for any other program. */
export function browserFamily(userAgent: string | null | undefined) {
  const [, family] = FAMILIES.find(([pattern]) => pattern.test(userAgent ?? '')) ?? [null, null]
  return family
}
