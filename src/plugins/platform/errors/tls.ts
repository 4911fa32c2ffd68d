const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|ERR_TLS_CERT_)/
const NO_TLS = /^(EPROTO|ERR_SSL_)/

/** What an error, or a cause of it, says of TLS; null: it is about something else. */
export function tlsFault(error: unknown): 'untrusted' | 'none' | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? `${error.code}` : ''
  if (UNTRUSTED.test(code)) return 'untrusted'
  // A server that hears TLS and understands nothing hangs up.
  if (NO_TLS.test(code) || error.message.includes('before secure TLS connection')) return 'none'
  return tlsFault(error.cause)
}

/** The same for the line of the log that says that a server is down. */
export function describeTlsFault(error: unknown, setting: string) {
  const fault = tlsFault(error)
  if (fault === null) return ''
  const cause = {
    untrusted:
      'the certificate is not for this host, or by no authority that Node knows (NODE_EXTRA_CA_CERTS adds one)',
    none: 'the server speaks no TLS'
  }[fault]
  return `; ${setting}: ${cause}`
}
