/** Workers of one sort, each with a queue of its own; times and work in ms. */
export function createQueues(count: number) {
  const freeAt = new Float64Array(count)
  const busyMs = new Float64Array(count)
  return {
    waitAt: (i: number, at: number) => Math.max(0, (freeAt[i] ?? 0) - at),
    /** Does the work after what it has to do already; gives when it is done. */
    work(i: number, at: number, ms: number) {
      const end = Math.max(at, freeAt[i] ?? 0) + ms
      freeAt[i] = end
      busyMs[i] = (busyMs[i] ?? 0) + ms
      return end
    },
    /** The one that is free first. */
    next() {
      let first = 0
      for (let i = 1; i < count; i++) if ((freeAt[i] ?? 0) < (freeAt[first] ?? 0)) first = i
      return first
    },
    /** How busy the busiest was in this time, and all on average. */
    share(ms: number) {
      const sum = busyMs.reduce((all, one) => all + one, 0)
      return { most: Math.max(...busyMs) / ms, mean: sum / count / ms }
    }
  }
}

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function seeded(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
