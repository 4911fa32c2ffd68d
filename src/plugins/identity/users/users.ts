import { randomUUIDv7 } from 'node:crypto'
import { and, asc, eq, or, sql } from '../../platform/db/drizzle.ts'
import { isUniqueViolation } from '../../platform/db/errors.ts'
import type { Database, PrepareOne, Tables } from '../../platform/db/types.ts'
import { EmailTaken, UsernameTaken } from './errors.ts'
import { emailKey, usernameKey } from './names.ts'
import type { NewUser } from './tables.ts'

export type SignUp = { username: string; email: string; name: string; passwordHash: string }
export type NameChanges = { username?: string; name?: string }
export type Users = ReturnType<typeof createUsers>

/** All SQL that touches users. */
export function createUsers(db: Database, { users }: Tables, prepareOne: PrepareOne) {
  const { id, username, email, name, createdAt } = users
  const isId = eq(id, sql.placeholder('id'))
  const byId = prepareOne(db.select().from(users).where(isId), 'user_by_id')
  const profile = db.select({ id, username, email, name, createdAt }).from(users)
  const profileById = prepareOne(profile.where(isId), 'profile_by_id')
  const byKey = db
    .select()
    .from(users)
    .where(or(eq(users.usernameKey, sql.placeholder('username')), eq(users.emailKey, sql.placeholder('email'))))
    .prepare('user_by_key')

  /** The user with this username or email address, in any spelling, or null. A username never looks like an address. */
  async function findByName(usernameOrEmail: string) {
    const [user] = await byKey.execute({ username: usernameKey(usernameOrEmail), email: emailKey(usernameOrEmail) })
    return user ?? null
  }

  /** Throws USERNAME_TAKEN or EMAIL_TAKEN. */
  async function refuseTaken(username: string, email: string) {
    const taken = await byKey.execute({ username: usernameKey(username), email: emailKey(email) })
    if (taken.some((user) => user.usernameKey === usernameKey(username))) throw new UsernameTaken()
    if (taken.length > 0) throw new EmailTaken()
  }

  /** The row of a new account. */
  function toRow({ username, email, name, passwordHash }: SignUp, now: Date) {
    const names = { username: username.normalize('NFC'), email: email.normalize('NFC'), name }
    const keys = { usernameKey: usernameKey(username), emailKey: emailKey(email) }
    return { id: randomUUIDv7(), ...names, ...keys, passwordHash, createdAt: now, updatedAt: now }
  }

  /** The step that creates an account; no row if a name is taken. */
  const insert = (row: NewUser) => (tx: Database) => tx.insert(users).values(row).onConflictDoNothing().returning()

  return {
    findByName,
    refuseTaken,
    find: (id: string) => byId({ id }),
    /** The part of a user that may leave the service, or null. */
    findProfile: (id: string) => profileById({ id }),
    /** Throws USERNAME_TAKEN or EMAIL_TAKEN. Of concurrent calls with the same name, one succeeds. */
    async create(signUp: SignUp, now: Date) {
      const [user] = await insert(toRow(signUp, now))(db)
      if (user) return user
      await refuseTaken(signUp.username, signUp.email)
      throw new UsernameTaken()
    },
    toRow,
    insert,
    /** Changes names. Returns null if the user was deleted. Throws USERNAME_TAKEN. */
    async update(id: string, { username, name }: NameChanges, now: Date) {
      const renamed = username && { username: username.normalize('NFC'), usernameKey: usernameKey(username) }
      const changes = { ...renamed, ...(name && { name }), updatedAt: now }
      try {
        const [user] = await db.update(users).set(changes).where(eq(users.id, id)).returning()
        return user ?? null
      } catch (error) {
        if (isUniqueViolation(error)) throw new UsernameTaken()
        throw error
      }
    },
    /** All users, oldest first. */
    async list() {
      return db.select().from(users).orderBy(asc(users.createdAt), asc(users.id))
    },
    /** Replaces a hash with a stronger one of the same password, unless the password was changed in the meantime. */
    async rehash(id: string, oldHash: string, newHash: string) {
      await db
        .update(users)
        .set({ passwordHash: newHash })
        .where(and(eq(users.id, id), eq(users.passwordHash, oldHash)))
    }
  }
}
