import ajvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'

const build: BuildCompilerFromPool = ajvCompiler()
// The first fault ends the check: to collect all of a hostile body would cost CPU (Ajv's own advice). Unknown members of a
// closed schema are refused, not dropped.
const strict = { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false } as const

/** Bodies, parameters and headers are taken as they are; a query is text, so its numbers and booleans are read from it. */
export const buildValidator: BuildCompilerFromPool = (externalSchemas) => {
  const compileStrict = build(externalSchemas, { customOptions: strict })
  // `1e400` becomes Infinity, whose limits Ajv checks only so.
  const query = { ...strict, coerceTypes: true, strictNumbers: false }
  const compileQuery = build(externalSchemas, { customOptions: query })
  // Fastify hands over the route's part, although the type says a schema.
  return (route) => ((route as RouteDefinition).httpPart === 'querystring' ? compileQuery(route) : compileStrict(route))
}
