/** The code of an error, or of one of its causes, that matches. */
export function findCode(error: unknown, pattern: RegExp): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? `${error.code}` : ''
  return pattern.test(code) ? code : findCode(error.cause, pattern)
}

const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|ERR_TLS_CERT_)/
const NO_TLS = /^(EPROTO|ERR_SSL_)/

/** Whether TLS caused an error: the certificate is untrusted, or the server has no TLS. Null: something else did. */
export function tlsFault(error: unknown): 'untrusted' | 'none' | null {
  if (!(error instanceof Error)) return null
  if (findCode(error, UNTRUSTED)) return 'untrusted'
  // A server without TLS hangs up during the handshake.
  if (findCode(error, NO_TLS) || error.message.includes('before secure TLS connection')) return 'none'
  return tlsFault(error.cause)
}

const TLS_FAULTS = {
  untrusted:
    'leads to a server that cannot be verified: the certificate is for another host, or Node does not trust its issuer (add it with NODE_EXTRA_CA_CERTS)',
  none: 'asks for TLS, but the server does not use TLS: correct the address, or turn TLS on there'
}
const FAULTS: [code: RegExp, text: string][] = [
  [
    /^(ECONNREFUSED|ECONNRESET|EPIPE|CONNECTION_\w+)$/,
    'leads to a server that refuses connections: start the server, or correct host and port'
  ],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'names a host that cannot be found: correct the host, or check DNS'],
  [
    /^(CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|DEADLINE_EXCEEDED)$/,
    'leads to a server that does not answer: check host, port, and firewalls'
  ]
]

/** Why a server could not be reached and how to fix it, by the error of the connection; null for any other error. */
export function explainConnection(error: unknown, setting: string) {
  const fault = tlsFault(error)
  return fault ? `${setting} ${TLS_FAULTS[fault]}` : explainCode(error, FAULTS, setting)
}

/** The text for the first code of a table that an error has, after the name of a setting or a file; null if it has none. */
export function explainCode(error: unknown, faults: [code: RegExp, text: string][], subject: string) {
  for (const [pattern, text] of faults) {
    const code = findCode(error, pattern)
    if (code) return `${subject} ${text} (${code})`
  }
  return null
}
