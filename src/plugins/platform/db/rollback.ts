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

/** What `tx.onCommit` of one transaction collected. A transaction that is tried again starts over. */
export function createCommitHooks() {
  let hooks: (() => void)[] = []
  return {
    begin() {
      hooks = []
      return (hook: () => void) => void hooks.push(hook)
    },
    /** Runs them if the transaction was committed. */
    async runAfter<T>(transaction: PromiseLike<T | null>) {
      const rows = await transaction
      if (rows !== null) for (const hook of hooks) hook()
      return rows
    }
  }
}
