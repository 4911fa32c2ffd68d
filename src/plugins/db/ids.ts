/** An id as we write it. Ajv's format `uuid` takes `urn:uuid:` in front too, which PostgreSQL refuses. */
export const UUID_PATTERN = '^[\\da-f]{8}-[\\da-f]{4}-[1-8][\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$'
const UUID = new RegExp(UUID_PATTERN)

/** Whether this can be an id of ours: PostgreSQL refuses other texts with an error, SQLite just finds nothing. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}
