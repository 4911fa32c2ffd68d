type Schema = { type?: string; items?: Schema; anyOf?: Schema[]; properties?: Record<string, Schema> }

/** Plain decimal digits: `0x5`, `+5`, `1e1` and `5.0` are integers to JavaScript, but no integers in a URL. */
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

/** Reads the numbers and booleans of a query in place. Text that is not one stays as it is, for the schema to refuse. */
export function readQuery(query: Record<string, unknown>, schema: unknown) {
  for (const [name, property] of Object.entries((schema as Schema).properties ?? {}))
    if (Object.hasOwn(query, name)) query[name] = readValue(query[name], property)
  return query
}
