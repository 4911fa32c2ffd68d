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

export type Spread = { median: number; min: number; max: number }

/** A round says little by itself: its neighbours on the machine come and go. */
export function spread(values: readonly number[]): Spread {
  return { median: round(quantile(values, 0.5)), min: round(Math.min(...values)), max: round(Math.max(...values)) }
}
