export type Random = ReturnType<typeof createRandom>

/** Random choices that a seed repeats (mulberry32). What several tasks do at once still interleaves as the machine likes. */
export function createRandom(seed: number) {
  let state = seed >>> 0
  function next() {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    between: (low: number, high: number) => low + next() * (high - low),
    isTrue: (probability: number) => next() < probability,
    some: <T>(list: readonly T[]) => list[below(list.length)],
    /** A name, each as often as its weight says. */
    weighted<Name extends string>(weights: Record<Name, number>): Name {
      const entries = Object.entries(weights) as [Name, number][]
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [name, weight] of entries) {
        rest -= weight
        if (rest < 0) return name
      }
      return (entries[0] as [Name, number])[0]
    },
    /** Another sequence, which does not depend on how far this one is. */
    fork: (name: string) => createRandom([...name].reduce((sum, char) => sum * 31 + char.charCodeAt(0), seed))
  }
}
