import { STATUS_CODES } from 'node:http'
import type { FastifyError } from 'fastify'
import { errorByStatus, InternalError, SERVER_ERROR_DETAIL, ValidationFailed } from './errors.ts'
import { pathTo, toMemberError, toPointer } from './member-errors.ts'
import type { Problem } from './schemas.ts'

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** An error made with createError. Clients may see its code, text, status, headers, and `members` that it adds to the body. */
export type CodedError = FastifyError & {
  statusCode: number
  headers?: Record<string, string>
  errors?: Problem['errors']
  members?: Record<string, unknown>
}

function isCoded(error: FastifyError): error is CodedError {
  const isOurs = error.name === 'FastifyError' && typeof error.code === 'string' && !error.code.startsWith('FST_')
  return isOurs && (error.statusCode ?? 0) >= 400 && (error.statusCode ?? 0) in STATUS_CODES
}

/** The coded error for anything that was thrown, including null and strings. */
export function toCoded(thrown: unknown): CodedError {
  const error = (thrown instanceof Error ? thrown : new InternalError()) as FastifyError
  if (isCoded(error)) return error
  if (error.validation)
    return Object.assign(new ValidationFailed() as CodedError, { errors: error.validation.map(toMemberError) })
  return new (errorByStatus(error.statusCode))() as CodedError
}

/** The RFC 9457 body. Of a 5xx, it only shows the status and the code. */
export function toProblem({ statusCode, code, message, errors, members }: CodedError, requestId: string): Problem {
  const detail = statusCode >= 500 ? SERVER_ERROR_DETAIL : message
  const problem = { title: STATUS_CODES[statusCode] ?? 'Error', status: statusCode, code, detail, requestId }
  return { ...problem, ...members, ...(errors && { errors }) }
}

/** The headers of a failure. */
export function problemHeaders(error: CodedError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
  // RFC 9110, 11.6.1 and 15.6.4
  if (error.statusCode === 401) headers['www-authenticate'] = 'Bearer'
  if (error.statusCode === 503) headers['retry-after'] = '5'
  return { ...headers, ...error.headers }
}

/** The pointers for the log, without names that the client made up. */
export function knownPointers(thrown: unknown) {
  const { validation = [] } = (thrown ?? {}) as Partial<FastifyError>
  const paths = validation.map(({ instancePath, params: { missingProperty: name } }) =>
    name === undefined ? instancePath : pathTo(instancePath, name)
  )
  return [...new Set(paths.map(toPointer))]
}
