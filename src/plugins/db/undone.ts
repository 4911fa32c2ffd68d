/** A guard of a transaction found no row: all of it is undone. */
class Undone extends Error {}

export function someRows<Row>(rows: Row[]) {
  if (rows.length === 0) throw new Undone()
  return rows
}

/** The result of a transaction, or null where one of its guards undid it. */
export async function nullIfUndone<T>(transaction: () => Promise<T>) {
  try {
    return await transaction()
  } catch (error) {
    if (error instanceof Undone) return null
    throw error
  }
}
