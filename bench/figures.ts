/** The value below which this part of them lies. */
export function quantile(values: readonly number[], part: number) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** The median of one figure. */
export function middle<T>(all: readonly T[], pick: (one: T) => number) {
  return quantile(all.map(pick), 0.5)
}

export const round = (value: number, digits = 2) => Number(value.toFixed(digits))

/** The middle half of the values lies from `low` to `high`. */
export type Spread = { median: number; low: number; high: number }

/** A round says little by itself: its neighbours on the machine come and go. */
export function spread(values: readonly number[]): Spread {
  const [low = 0, median = 0, high = 0] = [0.25, 0.5, 0.75].map((part) => round(quantile(values, part)))
  return { median, low, high }
}
