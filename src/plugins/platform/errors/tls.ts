const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|ERR_TLS_CERT_)/
const NO_TLS = /^(EPROTO|ERR_SSL_)/

/** Whether TLS caused an error: the certificate is untrusted, or the server has no TLS. Null: something else did. */
export function tlsFault(error: unknown): 'untrusted' | 'none' | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? `${error.code}` : ''
  if (UNTRUSTED.test(code)) return 'untrusted'
  // A server without TLS hangs up during the handshake.
  if (NO_TLS.test(code) || error.message.includes('before secure TLS connection')) return 'none'
  return tlsFault(error.cause)
}

/** The same as text, to add to the log line that says a server is down. */
export function describeTlsFault(error: unknown, setting: string) {
  const fault = tlsFault(error)
  if (fault === null) return ''
  const cause = {
    untrusted:
      'the certificate is for another host, or Node does not trust its issuer (add it with NODE_EXTRA_CA_CERTS)',
    none: 'the server does not use TLS'
  }[fault]
  return `; ${setting}: ${cause}`
}
