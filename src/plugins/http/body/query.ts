type Schema = { type?: string; items?: Schema; anyOf?: Schema[]; properties?: Record<string, Schema> }

/** Only plain decimals: JavaScript would also read `0x5`, `+5`, `1e1`, and `5.0` as integers. */
const READERS: Record<string, (text: string) => unknown> = {
  integer: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
  number: (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text)
}

function readValue(value: unknown, { type = '', items, anyOf = [] }: Schema): unknown {
  if (Array.isArray(value) && items) return value.map((item) => readValue(item, items))
  if (typeof value !== 'string') return value
  const own = READERS[type]?.(value) ?? value
  return anyOf.reduce<unknown>((read, schema) => (read === value ? readValue(value, schema) : read), own)
}

/** Converts the numbers and booleans of a query in place. The schema refuses any text that is left. */
export function readQuery(query: Record<string, unknown>, schema: unknown) {
  for (const [name, property] of Object.entries((schema as Schema).properties ?? {}))
    if (Object.hasOwn(query, name)) query[name] = readValue(query[name], property)
  return query
}
