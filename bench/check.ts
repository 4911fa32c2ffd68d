import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Result } from './compare.ts'
import { print, printResults } from './print.ts'
import { pinSelf } from './process.ts'
import { baselineOf, startBare, startOurs } from './subjects.ts'

// npm run bench:check: has a request become dearer than bench/results.json says? In under three minutes, for CI.

/** The ratios of one program differ by so much from machine to machine and from run to run. */
const MARGIN = 1.4
/**
 * A neighbour on the machine may spoil a try, or most of its pairs; a change for the worse spoils each. So it is the better
 * quarter of the pairs that counts, in the best of the tries.
 */
const TRIES = 3
const SUBJECT = 'this service, SQLite'
const CASES = ['whoami by bearer', 'whoami by cookie']
const pace = { starts: 3, rounds: 5, burstMs: 300, warmUpMs: 2000 }

const RECORD = join(import.meta.dirname, 'results.json')
if (!existsSync(RECORD)) {
  print('There is no bench/results.json to compare with: npm run bench writes it')
  process.exit(2)
}
const recorded = JSON.parse(readFileSync(RECORD, 'utf8')).requests as Result[]

function limitOf(name: string) {
  const before = recorded.find((one) => one.subject === SUBJECT && one.name === name)
  if (before === undefined) throw new Error(`bench/results.json does not know ${SUBJECT}, ${name}`)
  return before.ratio.median * MARGIN
}

async function startChecked() {
  const { cases, stop } = await startOurs(SUBJECT)
  return { cases: cases.filter(({ name }) => CASES.includes(name)), stop }
}

function isWithin({ name, ratio }: Result) {
  const limit = limitOf(name)
  const isGood = ratio.low <= limit
  print(`${name}: from ${ratio.low} times bare Fastify, at most ${limit.toFixed(2)}: ${isGood ? 'ok' : 'TOO DEAR'}`)
  return isGood
}

pinSelf()
for (let i = 1; i <= TRIES; i++) {
  const results = await compare(startBare, startChecked, baselineOf, pace)
  printResults(results)
  if (results.map(isWithin).every(Boolean)) process.exit(0)
}
process.exit(1)
