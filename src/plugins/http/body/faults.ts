import type { FastifySchemaValidationError } from 'fastify'
import { pathTo } from '../../platform/errors/member-errors.ts'

export type Fault = FastifySchemaValidationError
export type Schema = {
  properties?: Record<string, Schema>
  patternProperties?: object
  required?: string[]
  additionalProperties?: unknown
  items?: Schema | Schema[]
  description?: string
  format?: string
}
/** A compiled schema, which stops at the first fault. */
type Check = { (value: unknown): unknown; errors?: Fault[] | null | undefined }

/** A form has fewer fields, and a hostile body gets no longer reply. */
const MAX_FAULTS = 20
const ABOUT_UNION = ['type', 'anyOf', 'oneOf']

/** Of a union, Ajv reports every branch: that of a branch with the right type says the most. Patterns are explained in words. */
function readFault({ errors }: Check, { description, format }: Schema): Fault {
  const [first, ...more] = errors ?? []
  const fault = [first, ...more].find((one) => one && !ABOUT_UNION.includes(one.keyword)) ?? first
  if (fault === undefined) return { keyword: '', instancePath: '', schemaPath: '', params: {} }
  if (fault.keyword !== 'pattern' || fault.instancePath !== '') return fault
  // A schema with a format has a pattern only for clients that do not know the format.
  if (format !== undefined) return { ...fault, keyword: 'format', params: { format } }
  return { ...fault, params: description === undefined ? {} : { rule: description } }
}

/** Whether it is not the object or list itself that is at fault, but something in it. */
const isInside = ({ instancePath, keyword }: Fault) =>
  instancePath !== '' || keyword === 'required' || keyword === 'additionalProperties'

/**
 * The faults of a refused value, one for each member, and no more than MAX_FAULTS. Ajv could collect all faults itself, but then
 * runs each pattern on texts of any length, and lists each of a thousand unknown members.
 */
export function findFaults(root: Schema, rootCheck: Check, rootValue: unknown, compile: (schema: Schema) => Check) {
  const faults: Fault[] = []
  function add(keyword: string, instancePath: string, params: Record<string, unknown>) {
    if (faults.length < MAX_FAULTS) faults.push({ keyword, instancePath, params, schemaPath: '' })
  }

  function visit(schema: Schema, check: Check, value: unknown, path: string) {
    if (faults.length >= MAX_FAULTS || check(value)) return
    const fault = readFault(check, schema)
    const before = faults.length
    if (isInside(fault)) visitMembers(schema, value as Record<string, unknown>, path)
    if (faults.length === before) add(fault.keyword, path + fault.instancePath, fault.params)
  }

  function visitMembers(schema: Schema, value: Record<string, unknown>, path: string) {
    const { properties = {}, required = [], items } = schema
    for (const [name, member] of Object.entries(properties)) {
      if (Object.hasOwn(value, name)) visit(member, compile(member), value[name], pathTo(path, name))
      else if (required.includes(name)) add('required', path, { missingProperty: name })
    }
    const isClosed = schema.additionalProperties === false && !schema.patternProperties
    for (const name in value) {
      if (!isClosed || faults.length >= MAX_FAULTS) break
      if (!Object.hasOwn(properties, name)) add('additionalProperties', path, { additionalProperty: name })
    }
    if (!Array.isArray(value) || items === undefined || Array.isArray(items)) return
    const check = compile(items)
    value.forEach((item, i) => {
      visit(items, check, item, pathTo(path, i))
    })
  }

  visit(root, rootCheck, rootValue, '')
  return faults
}
