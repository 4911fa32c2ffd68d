import ajvCompiler, { type Ajv, type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import { isEmail } from './email.ts'
import { type Fault, findFaults, type Schema } from './faults.ts'
import { readQuery } from './query.ts'
import { addTimes, validateTimes } from './time.ts'

const build: BuildCompilerFromPool = ajvCompiler()
// Validation stops at the first fault: findFaults looks for the others. Unknown members of a closed schema are refused, not dropped.
const strict = { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false } as const
// Part of a schema may have a default, which is odd in a schema of its own.
const lenient = { ...strict, useDefaults: false, strict: false } as const
/** A reference within a schema, without which its parts cannot be compiled. */
const LOCAL_REFERENCE = /"\$ref":"#/

/** Bodies, parameters, and headers are not converted. A query is text, so its numbers and booleans are. */
export const buildValidator: BuildCompilerFromPool = (externalSchemas) => {
  function onCreate(ajv: Ajv) {
    // Ajv's own `email` only knows ASCII domains.
    ajv.addFormat('idn-email', isEmail)
    addTimes(ajv)
  }
  // Compiled on first use: schemas, and the meta-schema that checks them, would take up most of a start.
  let forWhole: ReturnType<typeof build> | undefined
  let forPart: ReturnType<typeof build> | undefined
  function compile(route: RouteDefinition) {
    forWhole ??= build(externalSchemas, { customOptions: strict, onCreate })
    return forWhole(route)
  }
  function compilePart(route: RouteDefinition) {
    forPart ??= build(externalSchemas, { customOptions: lenient, onCreate })
    return forPart(route)
  }

  return (route) => {
    let check: ReturnType<typeof compile> | undefined
    // Fastify passes a RouteDefinition, although the type says a schema.
    const definition = route as RouteDefinition & { schema: Schema }
    const { httpPart, schema } = definition
    const isDivisible = !LOCAL_REFERENCE.test(JSON.stringify(schema))

    function validate(value: unknown) {
      check ??= compile(definition)
      const input = httpPart === 'querystring' ? readQuery(value as Record<string, unknown>, schema) : value
      const isValid = validateTimes(check, input)
      const compileThis = (part: Schema) => compilePart({ ...definition, schema: part })
      validate.errors = isValid || !isDivisible ? check.errors : findFaults(schema, check, input, compileThis)
      return isValid
    }
    validate.errors = null as ReturnType<typeof compile>['errors'] | Fault[]
    // Fastify only calls this and reads its `errors`, but Ajv's type has more.
    return validate as ReturnType<typeof compile>
  }
}
