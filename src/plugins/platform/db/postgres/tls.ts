import { type ConnectionOptions, checkServerIdentity } from 'node:tls'

const MODES = ['disable', 'require', 'verify-full', 'no-verify']

/** Whether the TLS parameters of a PostgreSQL address are such that none is passed over in silence. */
export function hasKnownTlsMode(uri: string) {
  const { searchParams } = new URL(uri)
  const isKnown = (name: string) => !name.startsWith('ssl') || name === 'sslmode' || name === 'sslnegotiation'
  return [...searchParams.keys()].every(isKnown) && MODES.includes(searchParams.get('sslmode') ?? 'disable')
}

/**
 * How a connection is secured, by `sslmode`. Left to itself postgres.js verifies nothing for `require`, and compares the
 * certificate of a host that is an address with "localhost" (ASVS 5.0, 12.3.2).
 */
export function tlsOptions(uri: string): false | ConnectionOptions {
  const { searchParams, hostname } = new URL(uri)
  const mode = searchParams.get('sslmode') ?? 'disable'
  if (mode === 'disable') return false
  if (mode === 'no-verify') return { rejectUnauthorized: false }
  const host = hostname.replaceAll(/[[\]]/g, '')
  return { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }
}
