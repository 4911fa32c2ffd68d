import { randomUUIDv7 } from 'node:crypto'
import type { Session } from '../../../../src/plugins/identity/auth/tables.ts'
import type { Database, Tables } from '../../../../src/plugins/platform/db/types.ts'

const HOUR_MS = 3_600_000

/** Logins that ended two days ago: every third by revocation, the others by time. */
export async function insertEnded(db: Database, { sessions }: Tables, count: number) {
  const ended = new Date(Date.now() - 48 * HOUR_MS)
  const later = new Date(Date.now() + 48 * HOUR_MS)
  const toRow = (i: number): Session => ({
    id: randomUUIDv7(),
    userId: randomUUIDv7(),
    kind: i % 2 ? 'cookie' : 'token',
    secretHash: i % 2 ? randomUUIDv7() : null,
    generation: 0,
    refreshInCookie: false,
    rotatedAt: ended,
    accessTtl: 900,
    createdAt: ended,
    lastSeenAt: ended,
    authenticatedAt: ended,
    methods: 'pwd',
    expiresAt: i % 3 ? ended : later,
    absoluteExpiresAt: later,
    remember: true,
    ip: '127.0.0.1',
    userAgent: 'a browser of usual length, such as Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140',
    revokedAt: i % 3 ? null : ended,
    revocationPending: false,
    revokedReason: i % 3 ? null : 'logout'
  })
  for (let i = 0; i < count; i += 200) {
    const rows = Array.from({ length: Math.min(200, count - i) }, (_, j) => toRow(i + j))
    await db.insert(sessions).values(rows)
  }
  return { expired: count - Math.ceil(count / 3) }
}
