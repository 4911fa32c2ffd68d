/** What authenticator apps show above the account. */
const ISSUER = 'Fastify minimal starter'
/** The defaults of RFC 6238, and the only ones that all authenticator apps support. */
const PERIOD_SECONDS = 30
const SECRET_BYTES = 20
/** Clocks of phones are late or early by up to a step (RFC 6238, 5.2). */
const WINDOW = 1

export type Totp = Awaited<ReturnType<typeof loadTotp>>

/** Time-based one-time passwords of six digits. Imported only if needed. */
export async function loadTotp() {
  const { Secret, TOTP } = await import('otpauth')
  const create = (secret: string, label = '') =>
    new TOTP({ issuer: ISSUER, label, secret: Secret.fromBase32(secret), period: PERIOD_SECONDS })

  return {
    newSecret: () => new Secret({ size: SECRET_BYTES }).base32,
    /** For the QR code. */
    uri: (secret: string, username: string) => create(secret, username).toString(),
    /** The time step whose code this is, or null. */
    findStep(secret: string, code: string, now: Date) {
      const token = code.replaceAll(/\s/g, '')
      // The package throws at digits of other scripts.
      if (!/^\d{6}$/.test(token)) return null
      const timestamp = now.getTime()
      const delta = create(secret).validate({ token, timestamp, window: WINDOW })
      return delta === null ? null : TOTP.counter({ timestamp, period: PERIOD_SECONDS }) + delta
    }
  }
}
