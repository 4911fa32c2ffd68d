import ajvCompiler, { type Ajv, type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import { isEmail } from './email.ts'
import { readQuery } from './query.ts'
import { addTimes } from './time.ts'

const build: BuildCompilerFromPool = ajvCompiler()
// The first fault ends the check: to collect all of a hostile body would cost CPU (Ajv's own advice). Unknown members of a
// closed schema are refused, not dropped.
const strict = { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false } as const

/** Bodies, parameters and headers are taken as they are; a query is text, so its numbers and booleans are read from it. */
export const buildValidator: BuildCompilerFromPool = (externalSchemas) => {
  function onCreate(ajv: Ajv) {
    // Ajv's own `email` only knows ASCII domains.
    ajv.addFormat('idn-email', isEmail)
    addTimes(ajv)
  }
  const compile = build(externalSchemas, { customOptions: strict, onCreate })

  return (route) => {
    const validate = compile(route)
    // Fastify hands over the route's part, although the type says a schema.
    const { httpPart, schema } = route as RouteDefinition
    if (httpPart !== 'querystring') return validate
    const validateQuery = (query: Record<string, unknown>) => validate(readQuery(query, schema))
    // Fastify calls it and then reads the faults from it; Ajv's type asks for more.
    return Object.defineProperty(validateQuery, 'errors', { get: () => validate.errors }) as typeof validate
  }
}
