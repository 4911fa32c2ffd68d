import { createHash, randomUUIDv7 } from 'node:crypto'
import Database from 'better-sqlite3'

const DAY_MS = 24 * 3600_000
const [MINUTE_MS, BATCH] = [60_000, 10_000]

/** Inserts `count` rows from `row` in large transactions. */
function insertAll(path: string, table: string, count: number, row: (i: number) => Record<string, unknown>) {
  const db = new Database(path)
  db.pragma('synchronous = OFF')
  const names = Object.keys(row(0))
  const values = names.map((name) => `@${name}`).join(', ')
  const insert = db.prepare(`insert into ${table} (${names.join(', ')}) values (${values})`)
  const batch = db.transaction((from: number) => {
    for (let i = from; i < Math.min(count, from + BATCH); i++) insert.run(row(i))
  })
  for (let from = 0; from < count; from += BATCH) batch(from)
  db.close()
}

/** As long as the user agent of a phone, where most sessions come from. */
const AGENT =
  'Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36'
const userId = (i: number) => `01900000-0000-7000-8000-${i.toString(16).padStart(12, '0')}`

/** Adds users to the SQLite file of a service, each with one active session and two audit events. */
export function addUsers(path: string, count: number) {
  const now = Date.now()
  insertAll(path, 'users', count, (i) => ({
    ...{ id: userId(i), username: `user${i}`, username_key: `user${i}`, name: 'A user' },
    ...{ email: `user${i}@example.com`, email_key: `user${i}@example.com`, password_hash: '$argon2id$' },
    ...{ created_at: now, updated_at: now }
  }))
  const kindOf = (i: number) => (i % 2 === 0 ? 'cookie' : 'token')
  insertAll(path, 'sessions', count, (i) => ({ ...session(i, kindOf(i), now), revoked_at: null, revoked_reason: null }))
  insertAll(path, 'audit_events', 2 * count, (i) => ({
    ...{ id: randomUUIDv7(), event: i % 2 === 0 ? 'authn_login_success' : 'session_created' },
    ...{ user_id: userId(i >> 1), sid: userId(i >> 1), kind: kindOf(i >> 1), ip: '192.0.2.1', network: '192.0.2.1' },
    ...{ user_agent: AGENT, request_id: randomUUIDv7(), created_at: now }
  }))
}

/** Adds token sessions that were revoked within the last minute. */
export function addRevoked(path: string, count: number) {
  const now = Date.now()
  insertAll(path, 'sessions', count, (i) => ({
    ...session(i, 'token', now),
    revoked_at: now - Math.floor((i / count) * MINUTE_MS),
    revoked_reason: 'logout'
  }))
}

function session(i: number, kind: 'cookie' | 'token', now: number) {
  const secretHash = kind === 'cookie' ? createHash('sha256').update(`${i}`).digest('base64url') : null
  return {
    ...{ id: randomUUIDv7(), user_id: userId(i), kind, secret_hash: secretHash, generation: 0, rotated_at: now },
    ...{ created_at: now, last_seen_at: now, authenticated_at: now, expires_at: now + 30 * DAY_MS },
    ...{ absolute_expires_at: now + 365 * DAY_MS, remember: 1, revocation_pending: 0 },
    ...{ ip: '192.0.2.1', user_agent: AGENT }
  }
}
