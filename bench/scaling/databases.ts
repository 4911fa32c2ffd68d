import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { openPostgres } from '../../test/postgres.ts'
import { AGENT, addUsers } from '../rows.ts'
import { startRedis, temporaryFolder } from '../service.ts'
import { redisCpu, weighKeys } from './redis.ts'

/** A database of the service that can be filled and weighed. */
export type Store = {
  name: string
  /** The settings of a service that uses it. */
  env: Record<string, string>
  /** Adds so many users with the password of `ada`, each with one live login and the two events of it. */
  fill(users: number): Promise<void>
  /** Logins end as if their time had been over for a day. */
  expire(logins: number): Promise<void>
  countExpired(): Promise<number>
  weigh(): Promise<Weight[]>
  /** CPU time of SQL and of Redis, in µs, and bytes of the log of changes; 0 where it has no process of its own. */
  usage(): Promise<{ cpuUs: number; redisUs: number; walBytes: number }>
  /** The keys that Redis has, and the bytes of one of each sort. */
  weighKeys(): Promise<KeyWeight[]>
  stop(): Promise<void>
}
export type KeyWeight = { key: string; bytes: number }
export type Weight = { table: string; rows: number; 'bytes a row': number; 'of indexes': number }

const TABLES = ['users', 'sessions', 'audit_events']
const DAY_MS = 24 * 3_600_000
/** The kernel counts CPU time in these, whatever the machine (USER_HZ). */
const TICK_US = 10_000

const weightOf = (table: string, rows: number, bytes: number, indexBytes: number): Weight => ({
  table,
  rows,
  'bytes a row': Math.round(bytes / rows),
  'of indexes': Math.round(indexBytes / rows)
})

export async function openSqlite(): Promise<Store> {
  const path = `${temporaryFolder()}/app.db`
  const open = () => new Database(path)
  const ended = () => Date.now() - 25 * 3_600_000
  return {
    name: 'SQLite',
    env: { DB_URI: `file:${path}` },
    async fill(users) {
      const db = open()
      const hash = db.prepare(`select password_hash from users where username = 'ada'`).pluck().get() as string
      db.close()
      addUsers(path, users, hash)
    },
    async expire(logins) {
      const db = open()
      db.prepare('update sessions set expires_at = ? where id in (select id from sessions limit ?)').run(
        ended(),
        logins
      )
      db.close()
    },
    async countExpired() {
      const db = open()
      const count = db
        .prepare('select count(*) from sessions where expires_at < ?')
        .pluck()
        .get(Date.now() - DAY_MS)
      db.close()
      return count as number
    },
    async weigh() {
      const db = open()
      const bytes = db.prepare('select coalesce(sum(pgsize), 0) from dbstat where name = ?').pluck()
      const indexes = db.prepare(`select name from sqlite_schema where type = 'index' and tbl_name = ?`).pluck()
      const weights = TABLES.map((table) => {
        const rows = db.prepare(`select count(*) from ${table}`).pluck().get() as number
        const indexBytes = indexes.all(table).reduce((sum: number, name) => sum + (bytes.get(name) as number), 0)
        return weightOf(table, rows, (bytes.get(table) as number) + indexBytes, indexBytes)
      })
      db.close()
      return weights
    },
    usage: async () => ({ cpuUs: 0, redisUs: 0, walBytes: 0 }),
    weighKeys: async () => [],
    stop: async () => {}
  }
}

/** With Redis, on the core of the load. */
export async function openPostgresAndRedis(): Promise<Store> {
  const [server, redis] = [await openPostgres(true), await startRedis()]
  if (redis === null) throw new Error('needs redis-server on PATH')
  const uri = await server.createDatabase()
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  const client = new Redis(redis.url)
  return {
    name: 'PostgreSQL + Redis',
    env: { DB_URI: uri, DB_MIGRATE: 'auto', REDIS_URL: redis.url },
    async fill(users) {
      await sql.unsafe(FILL.replaceAll('$users', `${users}`))
      await sql.unsafe('vacuum analyze')
      await sql.unsafe('checkpoint')
    },
    async expire(logins) {
      await sql`update sessions set expires_at = now() - interval '25 hours'
        where id in (select id from sessions limit ${logins})`
    },
    async countExpired() {
      const [row] = await sql`select count(*)::int as count from sessions where expires_at < now() - interval '1 day'`
      return row?.['count']
    },
    async weigh() {
      const weights = []
      for (const table of TABLES) {
        const [row] = await sql`select count(*)::int as rows, pg_total_relation_size(${table})::float as bytes,
          pg_indexes_size(${table})::float as indexes from ${sql(table)}`
        weights.push(weightOf(table, row?.['rows'], row?.['bytes'], row?.['indexes']))
      }
      return weights
    },
    async usage() {
      const [row] = await sql`select (pg_current_wal_lsn() - '0/0')::float as wal`
      const cpuUs = server.pids().reduce((sum, pid) => sum + cpuOf(pid), 0)
      return { cpuUs, redisUs: await redisCpu(client), walBytes: row?.['wal'] }
    },
    weighKeys: () => weighKeys(client),
    async stop() {
      client.disconnect()
      await sql.end()
      await server.remove()
      redis.stop()
    }
  }
}

/** User and system time of a process; 0 if it has just ended. */
function cpuOf(pid: number) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * TICK_US
  } catch {
    return 0
  }
}

const FILL = `
  insert into users (id, username, username_key, email, email_key, name, password_hash, created_at, updated_at)
  select uuidv7(), 'user' || i, 'user' || i, 'user' || i || '@example.com', 'user' || i || '@example.com', 'A user',
    (select password_hash from users where username = 'ada'), now(), now() from generate_series(0, $users - 1) i;
  insert into sessions (id, user_id, kind, secret_hash, generation, rotated_at, created_at, last_seen_at, authenticated_at,
    expires_at, absolute_expires_at, remember, ip, user_agent)
  select uuidv7(), id, case when row_number() over () % 2 = 0 then 'cookie' else 'token' end,
    case when row_number() over () % 2 = 0
      then rtrim(translate(encode(sha256(id::text::bytea), 'base64'), '+/', '-_'), '=') end,
    0, now(), now(), now(), now(), now() + interval '30 days', now() + interval '365 days', true, '192.0.2.1', '${AGENT}'
  from users where username like 'user%';
  insert into audit_events (id, event, user_id, sid, kind, ip, network, user_agent, request_id, created_at)
  select uuidv7(), event, user_id, id, kind, ip, ip, user_agent, uuidv7()::text, created_at
  from sessions, unnest(array['authn_login_success', 'session_created']) event;`
