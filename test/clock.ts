/** Returns environment variables that shift the clock of a Node process by this many seconds. */
export function shiftedClock(seconds: number) {
  const source = `const Real = Date
    const now = () => Real.now() + ${seconds * 1000}
    globalThis.Date = class extends Real {
      constructor(...values) { values.length === 0 ? super(now()) : super(...values) }
      static now() { return now() }
    }`
  return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(source).toString('base64')}` }
}
