import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { round } from './figures.ts'
import { print, printTable } from './print.ts'
import { CORES, isPinned, pinSelf } from './process.ts'
import { allCalls, measureCosts, measureMix } from './scaling/costs.ts'
import { openPostgresAndRedis, openSqlite, type Store } from './scaling/databases.ts'
import { comparePopulations } from './scaling/population.ts'
import { startService } from './service.ts'

// npm run bench:scaling: what a million users and as many logins weigh, what their calls cost against those of a thousand, on
// SQLite and on PostgreSQL with Redis. Writes scaling.json, which bench:simulate goes by. See docs/scaling.md.

const [FEW, MANY, ROUNDS] = [1000, 1_000_000, 11]
const EXPIRED = 30_000
const MIX_MS = 12_000

function show<Row extends Record<string, string | number>>(title: string, rows: Row[]) {
  print(`${title}:`)
  printTable(rows)
  return rows
}

/** How fast the sweeper deletes what is over. */
async function sweepRate(store: Store) {
  await store.expire(EXPIRED)
  const begin = performance.now()
  const service = await startService(store.env)
  while ((await store.countExpired()) > 0) await sleep(500)
  const seconds = (performance.now() - begin) / 1000
  await service.stop()
  return {
    database: store.name,
    logins: EXPIRED,
    seconds: round(seconds, 1),
    'a second': Math.round(EXPIRED / seconds)
  }
}

pinSelf()
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: CORES, isPinned }
print(`${machine.cpu}, ${machine.cores} cores`)
print()
const [calls, weights, sweeps, keys, costs, mixes] = [[], [], [], [], [], []] as object[][]
for (const open of [openSqlite, openPostgresAndRedis]) {
  const [small, large] = [await open(), await open()]
  const { name } = large
  calls?.push(
    ...show(`${name}: a million users against a thousand`, await comparePopulations(small, large, FEW, MANY, ROUNDS))
  )
  await small.stop()
  const rows = await large.weigh()
  weights?.push(
    ...show(
      `${name}: bytes`,
      rows.map((row) => ({ database: name, ...row }))
    )
  )
  if (name !== 'SQLite') {
    const service = await startService({ ...large.env, REFRESH_GRACE: '0' })
    await service.signUp('bob')
    const all = await allCalls(service, MANY)
    costs?.push(...show('CPU time of one call', await measureCosts(large, service, all, 4000)))
    mixes?.push(...show('The calls as users mix them', [await measureMix(large, service, all, MANY, MIX_MS)]))
    await service.logOut((await service.logIn('ada', 'token')).accessToken)
    keys?.push(...show('Redis: bytes of a key', await large.weighKeys()))
    await service.stop()
  }
  sweeps?.push(...show(`${name}: logins that ended are deleted`, [await sweepRate(large)]))
  await large.stop()
}
const results = { machine, calls, weights, sweeps, costs, mix: mixes?.[0], keys }
writeFileSync(join(import.meta.dirname, 'scaling.json'), `${JSON.stringify(results, null, 2)}\n`)
print('Wrote bench/scaling.json')
