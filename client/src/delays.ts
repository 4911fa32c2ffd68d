/** Constants in production. Tests shorten them. */
export const delays = {
  /** How long a tab keeps the lock after it has sent a message: the message may arrive after the lock is free. */
  lingerMs: 200,
  /** How long a tab waits for the lock. A tab that is frozen, or that shows an `alert()`, never releases it. */
  lockMs: 3000,
  /** How long `watch` waits after a failed check. */
  recheckMs: 5000,
  /** The window of the first wait after a failure in the background, and of the longest. */
  backoffMs: 1000,
  maxBackoffMs: 30_000,
  /** How long a stream may be silent: the service sends something every 25 seconds or more often. */
  silenceMs: 60_000,
  /** How long a socket waits for an answer. */
  answerMs: 10_000,
  /** How long the leading tab may be silent. Timers of a hidden tab run once a minute. */
  leaderMs: 90_000
}
