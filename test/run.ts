import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSharedPostgres } from './postgres.ts'
import { openSharedRedis } from './redis-server.ts'
import { findFailures, readTap, type TapReport } from './tap-output.ts'

// Runs test files, each as a process of its own, on servers that they share. Without file names it runs all tests but the slow
// ones (*.slow.test.ts); `--slow` runs those. Both run a matrix (*.matrix.test.ts): `--slow` with all of its rows, the other with a
// sample. A single file also runs alone: node FILE, or tap FILE.

const SLOWEST = 10

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { slow: { type: 'boolean', default: false }, jobs: { type: 'string' } }
})

/** How long one file may take. The removal test, which runs the short suite, takes the longest. */
const isShort = !values.slow && positionals.length === 0
const timeoutMs = isShort ? 180_000 : 900_000

/** Files at a time. Tests often wait, so one more than there are cores. */
const jobs = Number(values.jobs ?? availableParallelism() + 1)

function findFiles() {
  if (positionals.length > 0) return positionals
  const all = globSync('test/**/*.test.ts', { exclude: ['test/generators/node_modules'] })
  return all.filter((path) => path.includes('.matrix.') || path.includes('.slow.') === values.slow)
}

type Result = TapReport & { file: string; seconds: number; output: string }

/** Runs one file. A file that times out, or ends without a report, counts as one failure. */
function run(file: string, env: NodeJS.ProcessEnv) {
  const begin = Date.now()
  const { promise, resolve } = Promise.withResolvers<Result>()
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
  const stop = () => child.kill()
  process.once('exit', stop)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  child.on('close', (code) => {
    process.off('exit', stop)
    const report = readTap(output)
    if (code !== 0 && report.failed === 0) report.failed = 1
    resolve({ ...report, file, output, seconds: (Date.now() - begin) / 1000 })
  })
  return promise
}

/** Prints each result as it arrives; on a terminal also what is running. */
function createProgress(total: number) {
  const running = new Set<string>()
  const isTerminal = process.stdout.isTTY
  let done = 0
  const show = () => {
    if (isTerminal) process.stdout.write(`\x1b[2K\r${total - done} left: ${[...running].join(', ')}`.slice(0, 120))
  }
  return {
    begin(file: string) {
      running.add(file)
      show()
    },
    end({ file, seconds, passed, failed, output }: Result) {
      running.delete(file)
      done++
      const counts = failed > 0 ? `${failed} FAILED, ${passed} passed` : `${passed} passed`
      process.stdout.write(
        `${isTerminal ? '\x1b[2K\r' : ''}${`${done}/${total}`.padStart(9)}  ${seconds.toFixed(1).padStart(5)} s  ${file}: ${counts}\n`
      )
      if (failed > 0) process.stdout.write(`${findFailures(output)}\n`)
      show()
    }
  }
}

function printSummary(results: Result[], seconds: number) {
  const lines = [`\nSlowest of ${results.length} files:`]
  for (const one of results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST))
    lines.push(`  ${one.seconds.toFixed(1).padStart(5)} s  ${one.file}`)
  const skipped = results.flatMap(({ file, skipped }) => skipped.map((line) => `  ${file}: ${line}`))
  if (skipped.length > 0)
    lines.push(`\nSkipped${process.env['CI'] === 'true' ? ', which CI=true does not allow' : ''}:`, ...skipped)
  const failures = results.filter(({ failed }) => failed > 0)
  if (failures.length > 0)
    lines.push('\nFailed; to run one again: npm test -- FILE', ...failures.map(({ file }) => `  ${file}`))
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0)
  const isRefused = process.env['CI'] === 'true' && skipped.length > 0
  const failed = sum((one) => one.failed) + (isRefused ? skipped.length : 0)
  lines.push(
    `\n${seconds.toFixed(0)} s, ${skipped.length} skipped`,
    `${sum((one) => one.passed)} passed, ${failed} failed`
  )
  process.stdout.write(`${lines.join('\n')}\n`)
  return failed
}

const begin = Date.now()
// The largest first, so that none of them is left for the end.
const files = findFiles().toSorted((a, b) => statSync(b).size - statSync(a).size)
const isMany = files.length > 1
const shared: { env: NodeJS.ProcessEnv; remove(): Promise<void> }[] = []
if (isMany) {
  shared.push(await openSharedPostgres())
  shared.push(await openSharedRedis())
}
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: join(tmpdir(), 'starter-compile-cache'),
  TEST_ALL_ROWS: `${values.slow}`,
  TAP_TIMEOUT: `${timeoutMs / 1000}`,
  ...Object.assign({}, ...shared.map((server) => server.env))
}
// An interrupted run stops its servers: see their exit handlers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const progress = createProgress(files.length)
const results: Result[] = []
/** Runs the whole suite itself, so nothing else may run next to it. */
const isSuite = (file: string) => file.endsWith('removal.slow.test.ts')
const waiting = files.filter((file) => !isSuite(file)).values()
async function work(queue: Iterable<string>) {
  for (const file of queue) {
    progress.begin(file)
    const result = await run(file, env)
    results.push(result)
    progress.end(result)
  }
}
await Promise.all(Array.from({ length: jobs }, () => work(waiting)))
await work(files.filter(isSuite))
await Promise.all(shared.map((server) => server.remove()))
const failed = printSummary(results, (Date.now() - begin) / 1000)
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1
