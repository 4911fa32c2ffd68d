import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { freshFolder, settled, startListening } from '../process.ts'
import { noRedisProgram } from '../redis.ts'
import { freePort, freshPostgresUri, startPostgres } from '../servers.ts'
import { createClient } from './client.ts'
import { checkFacts } from './facts.ts'
import { startLoad } from './load.ts'
import { addRedis } from './redis.ts'
import { killFlows } from './tickets/kill.ts'

// Kills the service at random moments under load, and what it stands on too: npm run test:crash [-- 10], rounds on each backend.

const rounds = Number(process.argv[2] ?? 20)
/** The time between start and kill, in ms: random, so that every call is interrupted now and then. */
const [SHORTEST_MS, LONGEST_MS] = [50, 800]

/** A server that dies along with the service; it is back when `kill` resolves. */
export type Victim = { name: string; kill(): Promise<void> }
type Backend = {
  environment: Record<string, string>
  /** What dies along with the service this time, in words; it is there again afterwards. */
  killBeside(round: number): Promise<string>
  /** Throws if the database is corrupt. */
  checkIntegrity(): Promise<void>
}

function onSqlite(folder: string): Backend {
  const file = join(folder, 'app.db')
  return {
    environment: { DB_URI: file },
    killBeside: async () => 'nothing else',
    async checkIntegrity() {
      const client = new BetterSqlite(file)
      const found = [
        ...(client.pragma('integrity_check') as object[]),
        ...(client.pragma('foreign_key_check') as object[])
      ]
      client.close()
      if (JSON.stringify(found) !== '[{"integrity_check":"ok"}]') throw new Error(JSON.stringify(found))
    }
  }
}

async function onPostgres(): Promise<Backend> {
  const server = await startPostgres()
  const uri = await server.createDatabase()
  const killPostgres = async () => {
    server.signal('SIGKILL')
    await server.start()
  }
  const environment: Record<string, string> = { DB_URI: uri, DB_MIGRATE: 'auto' }
  const victims: Victim[] = [
    { name: 'nothing else', kill: async () => {} },
    { name: 'PostgreSQL', kill: killPostgres }
  ]
  victims.push(await addRedis(environment))
  return {
    environment,
    async killBeside(round) {
      const victim = victims[round % victims.length] as Victim
      await victim.kill()
      return victim.name
    },
    async checkIntegrity() {
      const sql = postgres(uri, { max: 1, onnotice: () => {} })
      try {
        await sql`create extension if not exists amcheck`
        // Every row has an entry in each index, and every index is sorted.
        await sql`select bt_index_check(indexrelid, true) from pg_index join pg_class c on c.oid = indexrelid
          where c.relnamespace = 'public'::regnamespace`
      } finally {
        await sql.end()
      }
    }
  }
}

async function kill(t: Test, folder: string, { environment, killBeside, checkIntegrity }: Backend) {
  const port = await freePort()
  // Half the usual grace period, so that more rotations meet a kill.
  const env = { ...settled, RATE_LIMIT_MAX: '1000000', REFRESH_GRACE: '15s', PORT: `${port}`, ...environment }
  let server = await startListening(t, folder, env)
  let broken: string[] = []
  const client = createClient({ port })
  const load = await startLoad(client, (what) => broken.push(what))
  t.teardown(() => {
    load.stop()
    client.close()
  })
  let facts = 0
  let slowestMs = 0
  for (let round = 0; round < rounds; round++) {
    const ms = Math.round(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS))
    await sleep(ms)
    const gone = once(server.child, 'close')
    server.child.kill('SIGKILL')
    await gone
    const beside = await killBeside(round)
    await checkIntegrity()
    const begin = performance.now()
    server = await startListening(t, folder, env)
    slowestMs = Math.max(slowestMs, performance.now() - begin)
    facts += await checkFacts(load, [client], (what) => broken.push(what))
    t.same(broken, [], `round ${round + 1}: killed after ${ms} ms, with ${beside}`)
    broken = []
  }
  const { users, ended } = load
  t.comment(
    `${rounds} kills, ${facts} facts, ${users.length} sign-ups, ${ended.length} logouts; back in ${Math.round(slowestMs)} ms`
  )
}

t.setTimeout(1_800_000)
process.once('exit', () => {
  const { pass, fail } = t.counts
  process.stdout.write(`${pass} passed, ${fail} failed\n`)
})
if (noRedisProgram) t.bailout(noRedisProgram)

const limits = { timeout: 900_000 }
await t.test('kill -9 on SQLite', limits, async (t) => {
  const folder = freshFolder(t)
  await kill(t, folder, onSqlite(folder))
})
await t.test('kill -9 on PostgreSQL, and on what replicas share', limits, async (t) =>
  kill(t, freshFolder(t), await onPostgres())
)

/** They take longer: users have to be made ready first. */
const ticketRounds = Math.ceil(rounds / 15)
await t.test('kill -9 between a ticket and its effect, on SQLite', limits, async (t) => {
  const folder = freshFolder(t)
  await killFlows(t, folder, { DB_URI: join(folder, 'app.db') }, ticketRounds)
})
await t.test('kill -9 between a ticket and its effect, on PostgreSQL', limits, async (t) => {
  const uri = await freshPostgresUri()
  await killFlows(t, freshFolder(t), { DB_URI: uri, DB_MIGRATE: 'auto' }, ticketRounds)
})
