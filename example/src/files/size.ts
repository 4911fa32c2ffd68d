const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte']

/** A size, such as "2.3 MB". */
export function describeSize(bytes: number) {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1)
  const [unit = 'byte', value] = [UNITS[power], bytes / 1000 ** power]
  const unitDisplay = power === 0 ? 'long' : 'short'
  return value.toLocaleString('en', { style: 'unit', unit, unitDisplay, maximumFractionDigits: value < 10 ? 1 : 0 })
}
