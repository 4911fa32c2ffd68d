import { execSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { print, printTable } from '../print.ts'
import { CORES, isPinned, pinSelf } from '../process.ts'
import { readVersions } from '../versions.ts'
import { fanOut } from './fan-out.ts'
import { latencies } from './latency.ts'
import { weighConnections } from './memory.ts'
import { comeBack } from './return.ts'

// npm run bench:realtime: compares streams and sockets with bare Fastify, Socket.IO, and Transmit, in one run on this machine. Writes
// realtime.json. See docs/performance.md.

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '7' },
    burst: { type: 'string', default: '1000' },
    weighed: { type: 'string', default: '8000' },
    messages: { type: 'string', default: '200' },
    returning: { type: 'string', default: '10000' }
  }
})
const LIMIT_MS = 10 * 60_000
/** Each process needs some files besides its connections. */
const files = Number(execSync('ulimit -n', { encoding: 'utf8' })) - 500
const SUBJECTS = 6

pinSelf()
setTimeout(() => {
  print('The run took more than ten minutes, and was ended.')
  process.exit(1)
}, LIMIT_MS).unref()
const pace = {
  connections: Math.min(+values.connections, Math.floor(files / SUBJECTS)),
  rounds: +values.rounds,
  burstMs: +values.burst,
  warmUpMs: +values.burst
}
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: CORES, isPinned }
print(`${machine.cpu}, ${machine.cores} cores, ${isPinned ? 'one for the server' : 'not pinned'}`)
const weighed = Math.min(+values.weighed, files)
print(`Memory of each of ${weighed} connections:`)
const memory = await weighConnections(weighed)
printTable(memory)
print(`Messages of 200 bytes to ${pace.connections} connections of each:`)
const { costs, ratios } = await fanOut(pace)
printTable(costs)
printTable(ratios)
print('From commit or logout to the client:')
const latency = await latencies(+values.messages)
printTable(latency)
print('Clients that come back after a restart:')
const restart = await comeBack(Math.min(+values.returning, files))
printTable([restart])
const results = { machine, versions: readVersions(), pace, weighed, memory, costs, ratios, latency, restart }
writeFileSync(join(import.meta.dirname, '../realtime.json'), `${JSON.stringify(results, null, 2)}\n`)
print('Wrote bench/realtime.json')
