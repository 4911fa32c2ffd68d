// The order matters: Edge and Opera also name Chrome, Chrome also names Safari, Android also names Linux.
const BROWSERS = [
  ['Edge', /Edg(?:e|A|iOS)?\//],
  ['Opera', /OPR\//],
  ['Firefox', /(?:Firefox|FxiOS)\//],
  ['Chrome', /(?:Chrome|CriOS)\//],
  ['Safari', /Safari\//]
] as const
const SYSTEMS = [
  ['iOS', /iPhone|iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/]
] as const

/** Browser and system, such as "Firefox · Linux". Anything else goes by the product that it names first, such as "curl". */
export function describeDevice(userAgent: string | null) {
  const [browser, system] = [BROWSERS, SYSTEMS].map(
    (list) => list.find(([, pattern]) => pattern.test(userAgent ?? ''))?.[0]
  )
  const product = browser ?? userAgent?.split(/[/ ]/)[0]
  return [product || 'Unknown device', system].filter(Boolean).join(' · ')
}
