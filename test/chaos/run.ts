import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { noRedisProgram } from '../redis.ts'
import { createClient } from './client.ts'
import { type Stage, startCluster } from './cluster.ts'
import { startControl } from './control.ts'
import { checkFacts } from './facts.ts'
import { startOnFile } from './file.ts'
import { startLoad } from './load.ts'
import { mailRows, startWithMail } from './mail.ts'
import { byCall, type Line, toTable, writePage } from './report.ts'
import { clusterRows, fileRows, type Promises, type Row } from './rows.ts'
import { createWatch, type Seen } from './watch.ts'

// Walks the failure table under load: npm run test:chaos [-- some words of a row] [-- --write]

const HOLD_MS = 3500
/** The promises of each row; a process that has just begun grows by 70 MB until its code is compiled and its heap settled. */
const [LIMIT_MS, RECOVERY_MS, GROWTH_MB] = [1500, 5000, 120]

const words = process.argv.slice(2)
const filter = words.filter((word) => !word.startsWith('-')).join(' ')
const isWanted = ({ what }: { what: string }) => what.toLowerCase().includes(filter.toLowerCase())
/** Only the whole table is written. */
const isWriting = words.includes('--write') && filter === ''
const lines: Line[] = []
let versions = ''

/** Whether the promises were kept that are the same for every row. */
function check(t: Test, { failing, ready, losses = 1 }: Promises, seen: Seen) {
  for (const { call, count, failed, statuses, slowestMs } of byCall(seen.meanwhile)) {
    const allowed = failing.includes(call) ? [503] : []
    const odd = statuses.filter((status) => !allowed.includes(status))
    t.same(
      odd,
      [],
      `${call}: ${failed} of ${count} are ${statuses.join()}, the slowest took ${Math.round(slowestMs)} ms`
    )
  }
  const { slowest, machineMs } = seen
  const took = `${slowest.call} ${Math.round(slowest.ms)} ms, of which the machine up to ${Math.round(machineMs)} ms`
  t.ok(slowest.ms - machineMs < LIMIT_MS, `no answer takes longer than 1.5 s: ${took}`)
  t.same(seen.cookies, [], 'no cookie is cleared')
  t.same([...new Set(seen.broken)], [], 'no login is lost, none that was ended comes back, what was acknowledged is so')
  t.ok(seen.recoveryMs < RECOVERY_MS, `all is well again after ${Math.round(seen.recoveryMs)} ms`)
  if (ready) t.same(seen.ready, [ready], `/readyz says ${ready}`)
  for (const changes of seen.changes) {
    const counted = Object.values(Object.groupBy(changes, (change) => change)).map((same) => same?.length ?? 0)
    t.ok(Math.max(0, ...counted) <= losses, `one line of the log for each change: ${changes.join(', ') || 'none'}`)
  }
}

/** Walks the rows of a stage. */
async function walk<S extends Stage>(t: Test, rows: Row<S>[], start: (t: Test) => Promise<S>) {
  const stage = await start(t)
  versions ||= stage.versions ?? ''
  const watch = createWatch(await startControl(t))
  const client = createClient(stage.address, watch.onAnswer)
  const load = await startLoad(client, watch.broken)
  const stopOwn = await stage.startLoad?.(client)
  const direct = stage.replicas.map(({ port }) => createClient({ port }))
  t.teardown(() => {
    load.stop()
    stopOwn?.()
    for (const each of [client, ...direct]) each.close()
  })
  await sleep(3000)
  const before = stage.replicas.map((replica) => replica.residentMb())

  for (const row of rows) {
    await t.test(row.what, { timeout: 60_000 }, async (t) => {
      const fault = { begin: () => row.begin(stage), end: () => row.end(stage), holdMs: row.holdMs ?? HOLD_MS }
      const seen = await watch.during(stage.replicas, fault)
      const facts = await checkFacts(load, direct, watch.broken)
      check(t, row, seen)
      await row.after?.(stage)
      for (const [i, replica] of stage.replicas.entries()) {
        const grown = Math.round(replica.residentMb() - (before[i] ?? 0))
        t.ok(replica.isAlive() && grown < GROWTH_MB, `it is the same process, ${grown} MB larger than at first`)
      }
      lines.push({ row, seen, facts })
    })
  }
}

/** The same with a stage of their own, if they are wanted. */
async function run<S extends Stage>(name: string, rows: Row<S>[], start: (t: Test) => Promise<S>) {
  const wanted = rows.filter(isWanted)
  if (wanted.length > 0) await t.test(name, { timeout: 280_000 }, (t) => walk(t, wanted, start))
}

t.setTimeout(420_000)
process.once('exit', () => {
  const { pass, fail } = t.counts
  process.stdout.write(`${pass} passed, ${fail} failed\n`)
})
if (spawnSync('nginx', ['-v']).error) t.bailout('needs nginx: apt-get install nginx-light')
if (noRedisProgram) t.bailout(noRedisProgram)

await run('three replicas on PostgreSQL and Redis, behind nginx', clusterRows, startCluster)
await run('one replica on SQLite', fileRows, startOnFile)
await run('one replica with a mail server', mailRows, startWithMail)
process.stdout.write(`\n${toTable(lines)}\n\n`)
if (isWriting) writePage(lines, versions)
