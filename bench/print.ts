import type { Result } from './compare.ts'

export const print = (line = '') => process.stdout.write(`${line}\n`)

/** Prints rows as a table: text aligned left, numbers aligned right. */
export function printTable(rows: readonly Record<string, string | number | null>[]) {
  const names = Object.keys(rows[0] ?? {})
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => `${row[name] ?? ''}`.length)))
  const line = (cells: (string | number | null | undefined)[]) =>
    print(
      cells
        .map((cell, i) => {
          const text = `${cell ?? ''}`
          return typeof rows[0]?.[names[i] ?? ''] === 'string'
            ? text.padEnd(widths[i] ?? 0)
            : text.padStart(widths[i] ?? 0)
        })
        .join('  ')
        .trimEnd()
    )
  line(names)
  for (const row of rows) line(names.map((name) => row[name]))
  print()
}

export function printResults(results: readonly Result[]) {
  printTable(
    results.map(({ subject, name, cpuUs, baselineUs, ratio, perSecond, busy, baselineBusy, p50Ms, p99Ms, rssMb }) => ({
      subject,
      case: name,
      'CPU µs': cpuUs,
      'bare µs': baselineUs,
      ratio: ratio.median,
      low: ratio.low,
      high: ratio.high,
      'req/s': perSecond,
      busy,
      'bare busy': baselineBusy,
      'p50 ms': p50Ms,
      'p99 ms': p99Ms,
      'RSS MB': rssMb
    }))
  )
}
