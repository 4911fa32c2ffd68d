import { and, asc, eq, inArray, isNotNull, notExists, or, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, PrepareOne, Tables, Transaction } from '../../plugins/platform/db/types.ts'
import { ADMIN_ROLES, DEFAULT_ROLE } from './permissions.ts'

/** What a user may do, and whether they are banned. */
export type Person = { id: string; role: string; bannedAt: Date | null }
export type People = ReturnType<typeof createPeople>

/** All SQL that reads roles and bans; changes.ts changes them. */
export function createPeople(db: Database, { users, userRoles }: Tables, prepareOne: PrepareOne) {
  const person = {
    id: users.id,
    role: sql<string>`coalesce(${userRoles.role}, ${sql.raw(`'${DEFAULT_ROLE}'`)})`,
    bannedAt: userRoles.bannedAt
  }
  const all = (on: Database) => on.select(person).from(users).leftJoin(userRoles, eq(userRoles.userId, users.id))
  const byId = prepareOne(all(db).where(eq(users.id, sql.placeholder('id'))), 'person_by_id')
  const isBanned = (userId: string) => and(eq(userRoles.userId, userId), isNotNull(userRoles.bannedAt))
  const isAmong = (ids: string[]) => {
    const admins = db.select({ id: userRoles.userId }).from(userRoles).where(inArray(userRoles.role, ADMIN_ROLES))
    return or(inArray(users.id, ids), inArray(users.id, admins))
  }

  return {
    /** A user, or null. */
    find: (id: string): Promise<Person | null> => byId({ id }),
    /** These users and all admins: whether a change of one of them is allowed depends on all of these. */
    listConcerned: (ids: string[], on: Database = db) => all(on).where(isAmong(ids)),
    /** Locks them, in the same order for all, so that no two changes wait for each other. */
    lockConcerned: (ids: string[]) => (tx: Transaction) =>
      tx.lock(tx.select({ id: users.id }).from(users).where(isAmong(ids)).orderBy(asc(users.id))),
    isBanned: async (userId: string) => Boolean((await byId({ id: userId }))?.bannedAt),
    /** The precondition of a login: no ban has been committed since the gate looked. */
    notBanned: (userId: string) => (tx: Database) => {
      const banned = tx.select({ id: userRoles.userId }).from(userRoles).where(isBanned(userId))
      return tx
        .select({ id: users.id })
        .from(users)
        .where(and(eq(users.id, userId), notExists(banned)))
    }
  }
}
