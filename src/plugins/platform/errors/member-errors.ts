import createError from '@fastify/error'
import type { FastifySchemaValidationError } from 'fastify'
import type { MemberError } from './schemas.ts'

const TYPES: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null'
}
const FORMATS: Record<string, string> = {
  'idn-email': 'email address',
  'date-time': 'time with an offset, such as 2026-03-01T12:00:00Z'
}
const any = (texts: unknown, words: Record<string, string> = {}) =>
  [texts]
    .flat()
    .map((text) => words[`${text}`] ?? `${text}`)
    .join(' or ')

type Sentence = (limit: unknown) => string
/** For each keyword of a schema, the code of a member that breaks it, and a sentence for people. */
export const keywords: Record<string, readonly [code: string, toSentence: Sentence]> = {
  required: ['REQUIRED', () => 'This is required'],
  additionalProperties: ['UNKNOWN_MEMBER', () => 'There is no such member'],
  type: ['TYPE', (type) => `This must be ${any(type, TYPES)}`],
  minLength: ['TOO_SHORT', (length) => (length === 1 ? 'This must not be empty' : `Use at least ${length} characters`)],
  maxLength: ['TOO_LONG', (length) => `Use at most ${length} characters`],
  pattern: ['FORMAT', () => 'This contains characters that are not allowed here'],
  format: ['FORMAT', (format) => `This is not a valid ${any(format, FORMATS)}`],
  enum: ['NOT_ALLOWED', (values) => `Use ${any(values)}`],
  const: ['NOT_ALLOWED', (value) => `Use ${value}`],
  multipleOf: ['NOT_ALLOWED', (step) => `Use a multiple of ${step}`],
  uniqueItems: ['NOT_ALLOWED', () => 'Use each entry only once'],
  minimum: ['TOO_SMALL', (least) => `Use ${least} or more`],
  exclusiveMinimum: ['TOO_SMALL', (limit) => `Use more than ${limit}`],
  maximum: ['TOO_LARGE', (most) => `Use ${most} or less`],
  exclusiveMaximum: ['TOO_LARGE', (limit) => `Use less than ${limit}`],
  minItems: ['TOO_FEW', (count) => `Add at least ${count}`],
  minProperties: ['TOO_FEW', (count) => `Send at least ${count} of the members`],
  maxItems: ['TOO_MANY', (count) => `Use at most ${count}`],
  maxProperties: ['TOO_MANY', (count) => `Send at most ${count} members`]
}
/** The path of a member. A `/` in a name is escaped (RFC 6901, 3). */
export const pathTo = (parent: string, name: unknown) => `${parent}/${`${name}`.replaceAll('/', '~1')}`

/** The pointer for a path: it ends before the first name that is not plain, since a client may have made up the names. */
export const toPointer = (path: string) => /^(?:\/[\w.-]{1,64}(?![^/]))*/.exec(path)?.[0] ?? ''

/** For clients, what Ajv found: the member, the code, a sentence, and the limit by the name of its keyword. Never the value. */
export function toMemberError({ instancePath, keyword, params }: FastifySchemaValidationError): MemberError {
  const [code, toSentence] = keywords[keyword] ?? ['INVALID', () => 'This is not valid']
  const name = params['missingProperty'] ?? params['additionalProperty']
  const limit = params['limit'] ?? params['allowedValues'] ?? params['allowedValue'] ?? params[keyword]
  const hasLimit = limit !== undefined && keyword !== 'pattern'
  return {
    pointer: toPointer(name === undefined ? instancePath : pathTo(instancePath, name)),
    code,
    detail: typeof params['rule'] === 'string' ? params['rule'] : toSentence(limit),
    ...(hasLimit && { [keyword]: limit })
  }
}

/** A coded error about one member, as createError makes the others. Where the body has it elsewhere, construct it with a pointer. */
export function createMemberError(code: string, detail: string, status: 409 | 422, member: string) {
  return class extends createError(code, detail, status) {
    readonly errors: MemberError[]
    constructor(pointer = member) {
      super()
      this.errors = [{ pointer, code, detail }]
    }
  }
}
