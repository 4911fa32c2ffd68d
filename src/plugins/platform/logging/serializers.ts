type SerializedError = {
  type: string
  code?: unknown
  message: string
  stack: string
  cause?: SerializedError | undefined
}

/** Database and Redis errors, whose messages may contain SQL, parameters, rows, or commands. */
const TALKATIVE = /^(DrizzleQueryError|PostgresError|ReplyError)$/
const MAX_CAUSES = 5

/**
 * What the log shows of an error: type, code, message, stack, and causes. Other properties are left out because packages keep
 * commands and parameters there, and so is the message of a query error (ASVS 5.0, 16.2.5).
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const { name, message, stack = '', cause } = error
  // The stack begins with the message, whose lines could look like frames.
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
