import createError from '@fastify/error'

export const EmailAlreadyVerified = createError('EMAIL_ALREADY_VERIFIED', 'Your email address is already verified', 409)
export const EmailNotVerified = createError(
  'EMAIL_NOT_VERIFIED',
  'Verify your email address first: POST /api/auth/email-verification',
  403
)
/** This client asked for too many mails, counting all recipients. */
export class TooManyMails extends createError('TOO_MANY_MAILS', 'Too many mails were asked for; wait a while', 429) {
  readonly headers: Record<string, string>

  constructor(waitMs = 3_600_000) {
    super()
    this.headers = { 'retry-after': `${Math.max(1, Math.ceil(waitMs / 1000))}` }
  }
}
