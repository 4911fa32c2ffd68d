/** What a test file reported: counts of assertions, and a line for each skipped test. */
export type TapReport = { passed: number; failed: number; skipped: string[] }

/** Reads the output of a test file; its last summary reads like `# { total: 12, pass: 11, fail: 1 }`. */
export function readTap(output: string): TapReport {
  const summary = output.match(/^# \{ total: .*\}$/gm)?.at(-1) ?? ''
  const count = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  const skipped = [...output.matchAll(/^ *(?:not )?ok \d+ - (.*) # (?:SKIP|TODO) ?(.*)$/gm)]
  return {
    passed: count('pass'),
    failed: count('fail'),
    skipped: skipped.map(([, title, reason]) => `${title}${reason ? ` (${reason})` : ''}`)
  }
}

/** Drops the lines about what passed. */
export function findFailures(output: string) {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^ *(ok |# Subtest|1\.\.|TAP version)/.test(line))
  return lines.slice(0, 300).join('\n')
}
