/** Constants in production. Tests shorten them. */
export const delays = {
  /** How long a tab keeps the lock after it has sent a message: the message may arrive after the lock is free. */
  lingerMs: 200,
  /** How long a tab waits for the lock. A tab that is frozen, or that shows an `alert()`, never releases it. */
  lockMs: 3000,
  /** How long `watch` waits after a failed check. */
  recheckMs: 5000
}
