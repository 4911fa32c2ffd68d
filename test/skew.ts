// Preloaded by a replica whose clock is to differ: node --import test/skew.ts, with CLOCK_AHEAD_MS.

const aheadMs = Number(process.env['CLOCK_AHEAD_MS'])
const RealDate = Date

// A proxy and not a subclass, so that a date is a date whoever made it.
globalThis.Date = new Proxy(RealDate, {
  construct: (target, words) => Reflect.construct(target, words.length === 0 ? [target.now() + aheadMs] : words),
  get: (target, name) => (name === 'now' ? () => target.now() + aheadMs : Reflect.get(target, name))
})
