import { Computer, Phone, Terminal } from './icons.tsx'

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

function recognize(userAgent: string | null) {
  const find = (list: typeof BROWSERS | typeof SYSTEMS) =>
    list.find(([, pattern]) => pattern.test(userAgent ?? ''))?.[0]
  return { browser: find(BROWSERS), system: find(SYSTEMS) }
}

/** Browser and system, such as "Firefox on Linux". Anything else goes by the product that it names first, such as "curl". */
export function describeDevice(userAgent: string | null) {
  const { browser, system } = recognize(userAgent)
  const product = browser ?? userAgent?.split(/[/ ]/)[0]
  return [product || 'Unknown device', system].filter(Boolean).join(' on ')
}

export function DeviceIcon({ userAgent }: { userAgent: string | null }) {
  const { browser, system } = recognize(userAgent)
  if (!browser) return <Terminal />
  return system === 'iOS' || system === 'Android' ? <Phone /> : <Computer />
}
