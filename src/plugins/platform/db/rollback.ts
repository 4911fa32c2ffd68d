/** A precondition of a transaction found no row: everything is rolled back. */
class Rollback extends Error {}

export function requireRows<Row>(rows: Row[]) {
  if (rows.length === 0) throw new Rollback()
  return rows
}

/** The result of a transaction, or null if one of its preconditions failed. */
export async function nullIfRolledBack<T>(transaction: () => Promise<T>) {
  try {
    return await transaction()
  } catch (error) {
    if (error instanceof Rollback) return null
    throw error
  }
}
