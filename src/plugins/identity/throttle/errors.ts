import createError from '@fastify/error'

/** The same for known and unknown names, and for any password (ASVS 5.0, 6.3.8). */
export class TooManyAttempts extends createError('TOO_MANY_ATTEMPTS', 'Too many failed attempts; wait a while', 429) {
  readonly headers: Record<string, string>

  constructor(waitMs: number) {
    super()
    this.headers = { 'retry-after': `${Math.max(1, Math.ceil(waitMs / 1000))}` }
  }
}
