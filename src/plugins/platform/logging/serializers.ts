type SerializedError = {
  type: string
  code?: unknown
  message: string
  stack: string
  cause?: SerializedError | undefined
}

/** Errors of a database or of Redis whose text may hold SQL, parameters, rows or commands. */
const TALKATIVE = /^(DrizzleQueryError|PostgresError|ReplyError)$/
const MAX_CAUSES = 5

/**
 * What the log says of an error: type, code, text, frames and causes, and no other property, since packages keep commands
 * and parameters there. The text of a query error is left out too (ASVS 5.0, 16.2.5).
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const { name, message, stack = '', cause } = error
  // The text stands in front of the frames, and its lines may look like frames.
  const frames = stack
    .replace(message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return {
    type: error.constructor.name === 'Error' ? name : error.constructor.name,
    code: 'code' in error ? error.code : undefined,
    message: TALKATIVE.test(name) || TALKATIVE.test(error.constructor.name) ? '' : message,
    stack: frames.join('\n'),
    cause: cause === undefined || depth === MAX_CAUSES ? undefined : serializeError(cause, depth + 1)
  }
}
