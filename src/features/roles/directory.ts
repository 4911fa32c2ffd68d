import { usernameKey } from '../../plugins/identity/users/names.ts'
import { and, desc, eq, inArray, lt, or, sql } from '../../plugins/platform/db/drizzle.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import { UserNotFound } from './errors.ts'
import { DEFAULT_ROLE } from './permissions.ts'

export type Directory = ReturnType<typeof createDirectory>

const PAGE = 20

/** Lists and finds users for admins. */
export function createDirectory(db: Database, { users, userRoles, sessions }: Tables) {
  const { id, username, email, name, createdAt } = users
  const { role, bannedAt } = userRoles
  const all = () =>
    db
      .select({ id, username, email, name, createdAt, role, bannedAt })
      .from(users)
      .leftJoin(userRoles, eq(userRoles.userId, id))

  /** Whether a key contains the text. `%` and `_` in it stand for themselves. */
  const contains = (key: typeof users.usernameKey | typeof users.emailKey, text: string) =>
    sql`${key} like ${`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`
  const matches = (query: string) =>
    or(contains(users.usernameKey, usernameKey(query)), contains(users.emailKey, query.toLowerCase()))

  /** Adds when each user was last seen; null: they have no session, or none whose row is still there. */
  async function withLastSeen(found: Awaited<ReturnType<typeof all>>) {
    if (found.length === 0) return []
    const ids = found.map((user) => user.id)
    const times = db
      .select({
        userId: sessions.userId,
        lastSeenAt: sql<Date>`max(${sessions.lastSeenAt})`.mapWith(sessions.lastSeenAt)
      })
      .from(sessions)
    const seen = await times.where(inArray(sessions.userId, ids)).groupBy(sessions.userId)
    const lastSeen = new Map(seen.map(({ userId, lastSeenAt }) => [userId, lastSeenAt]))
    return found.map((user) => ({
      ...user,
      role: user.role ?? DEFAULT_ROLE,
      lastSeenAt: lastSeen.get(user.id) ?? null
    }))
  }

  return {
    /** Newest first: those whose username or email address contains the query, starting after the user `cursor`. */
    async list(query: string, cursor: string | undefined) {
      const before = cursor === undefined ? undefined : lt(id, cursor)
      const filter = query === '' ? undefined : matches(query)
      const found = await all()
        .where(and(filter, before))
        .orderBy(desc(id))
        .limit(PAGE + 1)
      const page = await withLastSeen(found.slice(0, PAGE))
      return { users: page, nextCursor: found.length > PAGE ? (page.at(-1)?.id ?? null) : null }
    },
    /** Throws USER_NOT_FOUND. */
    async find(userId: string) {
      const found = isUuid(userId) ? await all().where(eq(id, userId)) : []
      const [user] = await withLastSeen(found)
      if (!user) throw new UserNotFound()
      return user
    }
  }
}
