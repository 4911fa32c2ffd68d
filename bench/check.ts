import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Result } from './compare.ts'
import { print, printResults } from './print.ts'
import { pinSelf } from './process.ts'
import { baselineOf, startBare, startOurs } from './subjects.ts'

// npm run bench:check: has a request become dearer than bench/results.json says? In under three minutes, for CI.

/**
 * The ratios of one program differ by so much from machine to machine and from run to run: what gave 2.7 when it was recorded has
 * a median of 4.1 on another machine of the same kind, and 3.4 in the better quarter.
 */
const MARGIN = 1.6
/**
 * A neighbour on the machine may spoil a try, or most of its pairs; a change for the worse spoils each. So it is the better
 * quarter of the pairs that counts, in the best of the tries.
 */
const TRIES = 3
/** Where bare Fastify takes so many times what was recorded, memory is what limits, and no ratio tells of our code. */
const TOO_SLOW = 1.5
const SUBJECT = 'this service, SQLite'
const CASES = ['whoami by bearer', 'whoami by cookie']
const pace = { starts: 3, rounds: 5, burstMs: 300, warmUpMs: 2000 }

const RECORD = join(import.meta.dirname, 'results.json')
if (!existsSync(RECORD)) {
  print('There is no bench/results.json to compare with: npm run bench writes it')
  process.exit(2)
}
const recorded = JSON.parse(readFileSync(RECORD, 'utf8')).requests as Result[]

function recordOf(name: string) {
  const record = recorded.find((one) => one.subject === SUBJECT && one.name === name)
  if (record === undefined) throw new Error(`bench/results.json does not know ${SUBJECT}, ${name}`)
  return record
}

async function startChecked() {
  const { cases, stop } = await startOurs(SUBJECT)
  return { cases: cases.filter(({ name }) => CASES.includes(name)), stop }
}

function judge({ name, ratio, baselineUs }: Result) {
  const record = recordOf(name)
  const limit = record.ratio.median * MARGIN
  const verdict = ratio.low <= limit ? 'ok' : baselineUs > record.baselineUs * TOO_SLOW ? 'NOT TO BE TOLD' : 'TOO DEAR'
  print(`${name}: from ${ratio.low} times bare Fastify, at most ${limit.toFixed(2)}: ${verdict}`)
  return verdict
}

pinSelf()
let verdicts: string[] = []
for (let i = 1; i <= TRIES; i++) {
  const results = await compare(startBare, startChecked, baselineOf, pace)
  printResults(results)
  verdicts = results.map(judge)
  if (verdicts.every((verdict) => verdict === 'ok')) process.exit(0)
}
if (verdicts.includes('TOO DEAR')) process.exit(1)
print('Bare Fastify is much slower here than where bench/results.json was recorded: no ratio can be compared')
