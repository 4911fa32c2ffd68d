import { findCode, tlsFault } from '../errors/network.ts'

// PostgreSQL's classes of connection failures (08, 28, 3D000, 57P0x), missing tables, too many connections, timeouts, read-only, conflicts
// between transactions and named statements lost in a pooler, and the codes that postgres.js and sockets report for a server that is gone.
const POSTGRES =
  /^(08...|28...|3D000|42P01|57P0[123]|57014|53...|25006|40001|40P01|26000|42P05|NOT_COMMITTED|CONNECT(ION)?_\w+|ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|DEADLINE_EXCEEDED|DATABASE_DOWN)$/
const SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|PROTOCOL)/

/**
 * Errors thrown by the database or its driver. A failed `fetch`, Redis and other databases use the same codes, so an error only counts
 * as the database's if an adapter marked it.
 */
const databaseErrors = new WeakSet<Error>()

/** Marks an error as the database's, and returns it. */
export function markDatabaseError(error: unknown) {
  if (error instanceof Error) databaseErrors.add(error)
  return error
}

/** The error, or the cause of it, that the database threw; null if it came from elsewhere. */
function findDatabaseError(error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  return databaseErrors.has(error) ? error : findDatabaseError(error.cause)
}

/** Whether the code of an error, or of one of its causes, matches. */
export const hasCode = (error: unknown, pattern: RegExp) => findCode(error, pattern) !== undefined

/** Whether an error of the database means that it is unreachable or cannot work now. */
export const isOutage = (error: unknown) =>
  tlsFault(error) !== null || hasCode(error, POSTGRES) || hasCode(error, SQLITE)

/** Whether any error, which may have nothing to do with the database, is an outage of it: a 503. */
export const isUnavailable = (error: unknown) => isOutage(findDatabaseError(error))

/** Whether a statement failed because a unique value is taken. */
export const isUniqueViolation = (error: unknown) =>
  hasCode(findDatabaseError(error), /^(23505|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY))$/)

/** Whether a statement failed because the row it refers to does not exist. */
export const isForeignKeyViolation = (error: unknown) =>
  hasCode(findDatabaseError(error), /^(23503|SQLITE_CONSTRAINT_FOREIGNKEY)$/)

/** A failure that the service itself detected, with a code like those of the drivers. */
export class DatabaseError extends Error {
  override name = 'DatabaseError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
