import { tlsFault } from '../errors/tls.ts'

// PostgreSQL: class 08 and 57P0x, no way in, no tables, too many connections, read-only, conflicts with other transactions, named
// statements lost to a pooler, and what postgres.js and sockets say of a lost server.
const POSTGRES =
  /^(08...|28...|3D000|42P01|57P0[123]|57014|53...|25006|40001|40P01|26000|42P05|NOT_COMMITTED|CONNECT(ION)?_\w+|ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|DEADLINE_EXCEEDED|DATABASE_DOWN)$/
const SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|PROTOCOL)/

/**
 * The errors that the database or its driver threw. A failed `fetch` of a route, Redis and another database have the same codes,
 * so an error is only ours where an adapter marked it.
 */
const ours = new WeakSet<Error>()

/** Marks what the database threw, and gives it back. */
export function markDatabaseError(error: unknown) {
  if (error instanceof Error) ours.add(error)
  return error
}

/** The error, or the one among its causes, that the database threw; null: it came from somewhere else. */
function findDatabaseError(error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  return ours.has(error) ? error : findDatabaseError(error.cause)
}

/** The codes of an error and of its causes, outermost first. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const code = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  return [...code, ...codesOf(error.cause)]
}

/** Whether an error of the database says that it could not be reached or could not do its work now. */
export function isOutage(error: unknown) {
  return tlsFault(error) !== null || codesOf(error).some((code) => POSTGRES.test(code) || SQLITE.test(code))
}

/** Whether another transaction was in the way of this one, of which nothing was done: it may be tried again. */
export function isConflict(error: unknown) {
  return codesOf(error).some((code) => code === '40001' || code === '40P01')
}

/** Whether it failed as it does where a pooler does each transaction on another connection. */
export function isLostToPooler(error: unknown) {
  return codesOf(error).some((code) => code === '26000' || code === '42P05' || code === 'NOT_COMMITTED')
}

/** Whether the role may not do this. */
export function isForbidden(error: unknown) {
  return codesOf(error).includes('42501')
}

/** The same of any error, which may have nothing to do with the database: to be answered with 503. */
export function isUnavailable(error: unknown) {
  return isOutage(findDatabaseError(error))
}

/** Whether a statement failed since a value that must be unique is there already. */
export function isUniqueViolation(error: unknown) {
  return codesOf(findDatabaseError(error)).some((code) => /^(23505|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY))$/.test(code))
}

/** Whether a statement failed since the row that it refers to is not there, or not any more. */
export function isForeignKeyViolation(error: unknown) {
  return codesOf(findDatabaseError(error)).some((code) => code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY')
}

/** A connection ended; what was asked of it may be done all the same. */
export class ConnectionLost extends Error {
  readonly code = 'CONNECTION_LOST'
  override name = 'ConnectionLost'
}

/** It was asked for TLS, and answered that it has none. */
export class TlsRefused extends Error {
  readonly code = 'ERR_SSL_REFUSED'
  override name = 'TlsRefused'
}

/** It is known to be down, and was not asked. */
export class DatabaseDown extends Error {
  readonly code = 'DATABASE_DOWN'
  override name = 'DatabaseDown'
}

/** It answers and takes no change, as a standby does. */
export class ReadOnly extends Error {
  readonly code = '25006'
  override name = 'ReadOnly'
}

/** The server answered COMMIT with another word: nothing of the transaction is stored. */
export class NotCommitted extends Error {
  readonly code = 'NOT_COMMITTED'
  override name = 'NotCommitted'
}

/** Named statements and settings of a session do not survive in it. */
export class TransactionPooler extends Error {
  override name = 'TransactionPooler'

  constructor() {
    super('DB_URI leads to a pooler in transaction mode: set DB_POOLER=transaction, or use its session mode')
  }
}

/** The role may not read the journal of the migrations, or may not apply them. */
export class MissingRights extends Error {
  override name = 'MissingRights'

  constructor(cause: unknown) {
    super('The role in DB_URI lacks rights in schema drizzle or public: docs/operations.md has the grants', { cause })
  }
}
