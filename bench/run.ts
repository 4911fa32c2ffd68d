import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawResults } from './chart.ts'
import { compare, type Result } from './compare.ts'
import { generator } from './generator.ts'
import { print, printResults, printTable } from './print.ts'
import { CORES, isPinned, pinSelf } from './process.ts'
import * as scenarios from './scenarios.ts'
import { startRedis } from './service.ts'
import { baselineOf, startBare, startBetterAuth, startExpress, startOurs, startPlain } from './subjects.ts'
import { readVersions } from './versions.ts'

// npm run bench: compares the service with bare Fastify and with the usual alternatives, in one run on this machine. Writes
// results.json and chart.svg. See docs/performance.md.

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    burst: { type: 'string', default: '1000' }
  }
})
const pace = { starts: +values.starts, rounds: +values.rounds, burstMs: +values.burst, warmUpMs: 3000 }
const fileOf = (name: string) => join(import.meta.dirname, name)

async function compareRequests() {
  const redis = await startRedis()
  if (redis === null) print('redis-server is not on PATH: the cases that need it are skipped.')
  const subjects = [
    () => startOurs('this service, SQLite'),
    ...(redis ? [() => startOurs('this service, Redis', { REDIS_URL: redis.url })] : []),
    startPlain,
    ...(redis ? [() => startExpress(redis.url)] : []),
    startBetterAuth
  ]
  const results: Result[] = []
  for (const start of subjects) results.push(...(await compare(startBare, start, baselineOf, pace)))
  redis?.stop()
  printResults(results)
  return results
}

/** Runs a scenario and prints its rows. */
async function show<T extends object>(title: string, scenario: () => Promise<T | T[]>) {
  print(`${title}:`)
  const found = await scenario()
  printTable([found].flat() as never)
  return found
}

pinSelf()
const versions = readVersions()
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: CORES, isPinned, generator }
print(`${machine.cpu}, ${machine.cores} cores, ${isPinned ? 'one for the server' : 'not pinned'}; load by ${generator}`)
print(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
)
print()
const results = {
  machine,
  versions,
  pace,
  requests: await compareRequests(),
  startUp: await show('Start', () => scenarios.startUp(7)),
  writes: await show('Calls that write, on SQLite', () => scenarios.writes(4000)),
  loginRate: await show('Logins on all cores, against argon2id alone', () => scenarios.loginRate(7, 2000)),
  whoamiUnderLogins: await show('whoami by bearer while logins saturate one core', () =>
    scenarios.whoamiUnderLogins(8000)
  ),
  idleCrowd: await show('10,000 idle keep-alive connections', () => scenarios.idleCrowd(10_000, 3000)),
  blocklist: await show('Revoked sessions on the blocklist, against ten', () =>
    scenarios.blocklistSizes(10, [1e5, 1e6])
  ),
  populations: await show('A million users and as many sessions, against a thousand', () =>
    scenarios.populations(1000, 1e6)
  ),
  memory: await show('Memory over two million requests', () => scenarios.memory(2_000_000))
}
writeFileSync(fileOf('results.json'), `${JSON.stringify(results, null, 2)}\n`)
writeFileSync(fileOf('chart.svg'), drawResults(results.requests))
print('Wrote bench/results.json and bench/chart.svg')
