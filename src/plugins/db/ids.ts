const UUID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

/** Whether this can be an id of ours: PostgreSQL refuses other texts with an error, SQLite just finds nothing. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}
