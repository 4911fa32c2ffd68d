import ajvCompiler, { type Ajv, type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import { isEmail } from './email.ts'
import { readQuery } from './query.ts'
import { addTimes } from './time.ts'

const build: BuildCompilerFromPool = ajvCompiler()
// Validation stops at the first fault, since collecting all faults of a hostile body costs CPU (as Ajv advises). Unknown members
// of a closed schema are refused, not dropped.
const strict = { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false } as const

/** Bodies, parameters, and headers are not converted. A query is text, so its numbers and booleans are. */
export const buildValidator: BuildCompilerFromPool = (externalSchemas) => {
  function onCreate(ajv: Ajv) {
    // Ajv's own `email` only knows ASCII domains.
    ajv.addFormat('idn-email', isEmail)
    addTimes(ajv)
  }
  const compile = build(externalSchemas, { customOptions: strict, onCreate })

  return (route) => {
    const validate = compile(route)
    // Fastify passes a RouteDefinition, although the type says a schema.
    const { httpPart, schema } = route as RouteDefinition
    if (httpPart !== 'querystring') return validate
    const validateQuery = (query: Record<string, unknown>) => validate(readQuery(query, schema))
    // Fastify only calls this and reads its `errors`, but Ajv's type has more.
    return Object.defineProperty(validateQuery, 'errors', { get: () => validate.errors }) as typeof validate
  }
}
