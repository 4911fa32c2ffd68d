import type { FastifySchema } from 'fastify'

type Part = Record<string, unknown>

/** Escapes that mean something else in a regular expression without the `u` flag. */
const NEEDS_FLAG_U = /\\[pP]\{|\\u\{/
const isLeftOut = (name: string, value: unknown) =>
  name === 'toDate' || (name === 'pattern' && typeof value === 'string' && NEEDS_FLAG_U.test(value))

function publish(value: unknown, isSent: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => publish(one, isSent))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([name, member]) => !isLeftOut(name, member))
  const published: Part = Object.fromEntries(members.map(([name, member]) => [name, publish(member, isSent)]))
  const { required, properties } = published
  if (isSent && Array.isArray(required) && properties) {
    const needed = required.filter((name) => (properties as Record<string, Part>)[name]?.['default'] === undefined)
    published['required'] = needed
  }
  return published
}

/**
 * The schema of a route for the API reference. Members with a default are not required in requests. A pattern that needs the
 * `u` flag is left out, since generated clients without it would refuse valid values; the `description` has the rule in words.
 */
export function toPublished(schema: FastifySchema): FastifySchema {
  return Object.fromEntries(Object.entries(schema).map(([part, value]) => [part, publish(value, part !== 'response')]))
}
