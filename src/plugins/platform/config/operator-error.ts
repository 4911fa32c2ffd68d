/** A failure that the operator can fix. The message says what to change, in one line, and contains no secret. */
export class OperatorError extends Error {
  override name = 'OperatorError'
}
