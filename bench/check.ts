import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Result } from './compare.ts'
import { generator } from './generator.ts'
import { print, printResults } from './print.ts'
import { pinSelf } from './process.ts'
import { baselineOf, startBare, startOurs } from './subjects.ts'

// npm run bench:check: has a request become slower than bench/results.json says? Takes at most three minutes, for CI.

/**
 * The ratios of one program vary between machines and runs. A case recorded at 2.7 reached 3.4 in the fastest quarter of its pairs
 * on another machine of the same kind, 4.1 on a third, and 4.2 there on another day.
 */
const MARGIN = 1.75
/**
 * A busy neighbor on the machine can spoil one attempt, or most pairs of it; a real regression shows in all of them. So only the
 * fastest quarter of the pairs counts, and for each case only its best attempt.
 */
const ATTEMPTS = 3
/** When bare Fastify takes this many times its recorded CPU time, memory is the bottleneck and the ratio says nothing about our code. */
const TOO_SLOW = 1.5
const SUBJECT = 'this service, SQLite'
const CASES = ['whoami by bearer', 'whoami by cookie']
const pace = { starts: 3, rounds: 5, burstMs: 300, warmUpMs: 2000 }

type Recorded = { machine: { generator?: string }; requests: Result[] }
const file = join(import.meta.dirname, 'results.json')
const { machine, requests } = JSON.parse(readFileSync(file, 'utf8')) as Recorded
const recorded = requests.filter(({ subject, name }) => subject === SUBJECT && CASES.includes(name))

async function startChecked() {
  const { cases, stop } = await startOurs(SUBJECT)
  return { cases: cases.filter(({ name }) => CASES.includes(name)), stop }
}

/** Prints the best ratio of a case and judges it. */
function judge(record: Result, attempts: Result[]) {
  const low = Math.min(...attempts.map(({ ratio }) => ratio.low))
  const limit = record.ratio.median * MARGIN
  const isIncomparable =
    generator !== machine.generator || attempts.some(({ baselineUs }) => baselineUs > record.baselineUs * TOO_SLOW)
  const verdict = low <= limit ? 'ok' : isIncomparable ? 'unclear' : 'TOO SLOW'
  print(
    `${record.name}: ${low} times bare Fastify, recorded ${record.ratio.median}, limit ${limit.toFixed(2)}: ${verdict}`
  )
  return verdict
}

pinSelf()
const results: Result[] = []
let verdicts: string[] = []
for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
  const found = await compare(startBare, startChecked, baselineOf, pace)
  printResults(found)
  results.push(...found)
  verdicts = recorded.map((record) =>
    judge(
      record,
      results.filter(({ name }) => name === record.name)
    )
  )
  if (verdicts.every((verdict) => verdict === 'ok')) break
}
if (machine.generator === undefined || verdicts.length < CASES.length)
  throw new Error('bench/results.json is incomplete: run npm run bench')
if (verdicts.includes('TOO SLOW')) process.exit(1)
if (verdicts.includes('unclear'))
  print(
    `Cannot compare: bare Fastify is much slower here than on the recorded machine, or the load did not come from ${machine.generator}`
  )
