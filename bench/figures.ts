/** The value at this quantile: 0.5 is the median. */
export function quantile(values: readonly number[], part: number) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** The median of one figure across all items. */
export function middle<T>(all: readonly T[], pick: (one: T) => number) {
  return quantile(all.map(pick), 0.5)
}

export const round = (value: number, digits = 2) => Number(value.toFixed(digits))

/** The median and the quartiles: half of the values lie between `low` and `high`. */
export type Spread = { median: number; low: number; high: number }

export function spread(values: readonly number[]): Spread {
  const [low = 0, median = 0, high = 0] = [0.25, 0.5, 0.75].map((part) => round(quantile(values, part)))
  return { median, low, high }
}
