/** An id as we write it. Ajv's format `uuid` takes `urn:uuid:` in front too, which PostgreSQL refuses. */
export const UUID_PATTERN = '^[\\da-f]{8}-[\\da-f]{4}-[1-8][\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$'
const UUID = new RegExp(UUID_PATTERN)

/** Whether this can be an id of ours: PostgreSQL refuses other texts with an error, SQLite just finds nothing. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** The smallest UUIDv7 of this time: older rows have smaller ids. */
export function firstIdAt(time: Date) {
  const hex = time.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
