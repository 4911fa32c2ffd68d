import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { quantile, round } from './figures.ts'
import { print } from './print.ts'
import type { Cost } from './scaling/costs.ts'
import { habits, ratesOf, visitsAtPeak } from './scaling/habits.ts'
import { spreadOfKeys } from './scaling/keys.ts'
import { demand, meanOf, type Plant, scale, simulate, worksOf } from './scaling/model.ts'

// npm run bench:simulate: the busiest minute of 1, 10 and 100 million users, played with the costs in scaling.json. Writes the
// tables of docs/scaling.md.

type Row = Record<string, string | number>
type Measured = {
  calls: Row[]
  weights: { database: string; table: string; 'bytes a row': number; 'of indexes': number }[]
  sweeps: Row[]
  costs: Cost[]
  mix: Omit<Cost, 'call'>
  keys: { key: string; bytes: number }[]
}
const measured: Measured = JSON.parse(readFileSync(join(import.meta.dirname, 'scaling.json'), 'utf8'))
const { mix } = measured
const alone = worksOf(measured.costs)
/** What a call of the mix takes in ms, if each costs what it costs alone. Beside others it finds colder caches and shares fewer writes. */
const sum = meanOf(alone)
const factors = {
  loop: mix['service µs'] / 1000 / (sum.loop + sum.hash),
  sql: mix['SQL µs'] / 1000 / sum.sql,
  redis: mix['Redis µs'] / 1000 / sum.redis
}
const works = scale(alone, { ...factors, hash: 1 })
const SIZES = [1e6, 1e7, 1e8]
/** No part is planned to be busier than this in the busiest minute; a cluster of Redis has three nodes at least. */
const BUSY = 0.6
const [DAY_S, GB] = [86_400, 1e9]
const SECONDS = 20

const million = (users: number) => `${users / 1e6} million`
const percent = (part: number) => `${Math.round(100 * part)} %`

function toTable(rows: Row[]) {
  const names = Object.keys(rows[0] ?? {})
  const line = (cells: (string | number)[]) => `| ${cells.join(' | ')} |`
  const bars = names.map((name) => (typeof rows[0]?.[name] === 'number' ? '---:' : '---'))
  return [line(names), `|${bars.join('|')}|`, ...rows.map((row) => line(Object.values(row)))].join('\n')
}

function plantFor(users: number): Plant {
  const { loop, hash, sql, redis } = demand(works, ratesOf(users))
  const nodes = Math.ceil(redis / BUSY)
  const replicas = Math.max(2, Math.ceil(loop / BUSY), Math.ceil(hash / BUSY))
  return { users, replicas, redisNodes: nodes > 1 ? Math.max(3, nodes) : 1, sqlCores: Math.ceil(sql / BUSY) }
}

/** The busiest minute, with all replicas and with one less. */
function busiestMinute(users: number): Row {
  const [rates, plant] = [ratesOf(users), plantFor(users)]
  const all = simulate(works, rates, plant, SECONDS)
  const less = simulate(works, rates, { ...plant, replicas: plant.replicas - 1 }, SECONDS)
  const p99 = ({ latencies }: typeof all) => `${round(quantile(latencies, 0.99), 1)} ms`
  return {
    users: million(users),
    'calls a second': Math.round(all.calls / SECONDS),
    'logins a second': round(rates.login, 1),
    replicas: plant.replicas,
    'busiest event loop': percent(all.busy.loop.most),
    'cores of SQL': plant.sqlCores,
    'Redis nodes': plant.redisNodes,
    'busiest of them': percent(all.busy.redis.most),
    'slowest hundredth': p99(all),
    'with a replica less': `${p99(less)}, ${less.refused} refused`
  }
}

/** How much of one of each sort is asked for: what comes to 100 % first is the first bottleneck. */
function bottlenecks(users: number): Row {
  const { loop, hash, sql, redis } = demand(works, ratesOf(users))
  const rates = ratesOf(users)
  const wal = measured.costs.reduce((sum, cost) => sum + rates[cost.call] * cost['WAL bytes'], 0)
  return {
    users: million(users),
    'event loops': round(loop),
    'cores for hashes': round(hash),
    'cores of SQL': round(sql),
    'transactions a second': Math.round(rates.refresh + rates.login + rates['sign-up']),
    'MB of WAL a second': round(wal / 1e6, 1),
    'cores of Redis': round(redis)
  }
}

function storage(users: number): Row {
  const bytesOf = (table: string) =>
    measured.weights.find((weight) => weight.database !== 'SQLite' && weight.table === table)?.['bytes a row'] ?? 0
  const bytesOfKey = (sort: string) => measured.keys.find(({ key }) => key === sort)?.bytes ?? 0
  const visitsADay = users * habits.active * habits.visits
  const events = visitsADay * habits.logins * 2 * habits.eventDays
  // A cookie's login stays in Redis for a quarter of an hour after the visit of ten minutes.
  const cached = visitsAtPeak(users) * (1 - habits.byToken) * 25 * 60
  return {
    users: million(users),
    'GB of users': round((users * bytesOf('users')) / GB, 1),
    'GB of logins': round((users * habits.liveLogins * bytesOf('sessions')) / GB, 1),
    [`GB of events in ${habits.eventDays} days`]: round((events * bytesOf('audit_events')) / GB, 1),
    'logins that end a second': round((visitsADay * habits.logins) / DAY_S, 1),
    'GB of Redis': round((cached * bytesOfKey('session')) / GB, 2)
  }
}

/** The mix as it was measured, against the sum of its calls. */
const comparison: Row[] = [
  ['service, with its hashes', mix['service µs'], sum.loop + sum.hash, factors.loop],
  ['SQL', mix['SQL µs'], sum.sql, factors.sql],
  ['Redis', mix['Redis µs'], sum.redis, factors.redis]
].map(([part = '', measured = 0, summed, factor]) => ({
  'µs of a call, on average': part,
  measured,
  'from its calls': round(Number(summed) * 1000, 1),
  factor: round(Number(factor))
}))

const spread = [3, 6, 12, 24, 48].map((nodes) => {
  const { cookies, tokens, ...row } = spreadOfKeys(nodes)
  return { ...row, 'buckets a node': round(row['buckets a node'], 1), cookies: round(cookies), tokens: round(tokens) }
})
const tables: Record<string, Row[]> = {
  calls: measured.calls,
  costs: measured.costs,
  weights: measured.weights,
  keys: measured.keys,
  sweeps: measured.sweeps,
  storage: SIZES.map(storage),
  bottlenecks: SIZES.map(bottlenecks),
  minute: SIZES.map(busiestMinute),
  spread,
  comparison
}
const file = join(import.meta.dirname, '../docs/scaling.md')
let page = readFileSync(file, 'utf8')
for (const [name, rows] of Object.entries(tables)) {
  const table = toTable(rows)
  print(`${table}\n`)
  const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end -->)`)
  page = page.replace(place, (_, begin, end) => `${begin}${table}\n${end}`)
}
writeFileSync(file, page)
