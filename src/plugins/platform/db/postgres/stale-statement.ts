import postgres from 'postgres'

/**
 * Errors from these functions of the server say that a prepared statement is gone or out of date: after a migration, DEALLOCATE,
 * or behind a transaction pooler. postgres.js knows them too, and prepares and sends the statement again, but without keeping
 * other queries off the connection meanwhile. The replies then reach the wrong queries: a request gets the rows of another one,
 * and may be taken for another user (decision 0050).
 */
const ROUTINES = ['FetchPreparedStatement', 'RevalidateCachedQuery', 'transformAssignedExpr']
const stale = new WeakSet<object>()

// An error without `routine` is one that postgres.js rejects, as any other.
Object.defineProperty(postgres.PostgresError.prototype, 'routine', {
  set(routine: string) {
    if (ROUTINES.includes(routine)) stale.add(this)
  }
})

/** Whether a query failed because its prepared statement is not usable any more. Nothing of it was done. */
export function isStaleStatement(error: unknown): boolean {
  return error instanceof Error && (stale.has(error) || isStaleStatement(error.cause))
}
