/** The variables by which a process of Node lives so many seconds ahead of this one, or behind it. */
export function shiftedClock(seconds: number) {
  const source = `const Real = Date
    const now = () => Real.now() + ${seconds * 1000}
    globalThis.Date = class extends Real {
      constructor(...values) { values.length === 0 ? super(now()) : super(...values) }
      static now() { return now() }
    }`
  return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(source).toString('base64')}` }
}
