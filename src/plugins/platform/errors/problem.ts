import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifySchemaValidationError } from 'fastify'
import { errorByStatus, InternalError, SERVER_ERROR_DETAIL, ValidationFailed } from './errors.ts'
import type { Problem } from './schemas.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** An error made with createError: its code, text, status and headers may leave the service. */
export type CodedError = FastifyError & {
  statusCode: number
  headers?: Record<string, string>
  errors?: Problem['errors']
}

function isCoded(error: FastifyError): error is CodedError {
  const isOurs = error.name === 'FastifyError' && typeof error.code === 'string' && !error.code.startsWith('FST_')
  return isOurs && (error.statusCode ?? 0) >= 400 && (error.statusCode ?? 0) in STATUS_CODES
}

/** Anything that was thrown, null and strings too, as the coded error that the client is told. */
export function toCoded(thrown: unknown): CodedError {
  const error = (thrown instanceof Error ? thrown : new InternalError()) as FastifyError
  if (isCoded(error)) return error
  if (error.validation)
    return Object.assign(new ValidationFailed() as CodedError, { errors: error.validation.map(toPointer) })
  return new (errorByStatus(error.statusCode))() as CodedError
}

/** The RFC 9457 body. Nothing of a 5xx but its status and code gets out. */
export function toProblem({ statusCode, code, message, errors }: CodedError, requestId: string): Problem {
  const detail = statusCode >= 500 ? SERVER_ERROR_DETAIL : message
  const problem = { title: STATUS_CODES[statusCode] ?? 'Error', status: statusCode, code, detail, requestId }
  return errors ? { ...problem, errors } : problem
}

/** The headers that belong to a failure. */
export function problemHeaders(error: CodedError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
  // RFC 9110, 11.6.1 and 15.6.4
  if (error.statusCode === 401) headers['www-authenticate'] = 'Bearer'
  if (error.statusCode === 503) headers['retry-after'] = '5'
  return { ...headers, ...error.headers }
}

/** The pointer of a member. Its name comes from outside: only a plain one is repeated, else the parent's pointer stands. */
export function pointerTo(parent: string, name: unknown) {
  return typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) ? `${parent}/${name}` : parent
}

/** Where the faults of a request are, for the log: names that were sent stay out of it, they may be anything. */
export function knownPointers(thrown: unknown) {
  const { validation = [] } = (thrown ?? {}) as Partial<FastifyError>
  return validation.map(({ instancePath, params }) => pointerTo(instancePath, params['missingProperty']))
}

/** Names the member at fault and says what is wrong, never its value. */
function toPointer({ instancePath, keyword, message, params }: FastifySchemaValidationError) {
  const named = params['missingProperty'] ?? params['additionalProperty']
  const detail = keyword === 'pattern' ? 'has characters that are not allowed here' : (message ?? 'is not valid')
  return { pointer: pointerTo(instancePath, named), detail }
}
