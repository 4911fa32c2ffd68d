import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import postgres from 'postgres'
import { parseAddress } from '../address.ts'
import { OneShotSocket, type ServerAddress } from './one-shot-socket.ts'

const TIMEOUTS = [
  // No request waits longer, and the locks of a lost connection must not outlive it for long.
  'statement_timeout = 1000',
  'idle_in_transaction_session_timeout = 2000',
  // Times are parsed in this format, whatever the role prefers.
  "datestyle = 'ISO'"
]
const set = (command: string, settings: string[]) => settings.map((setting) => `${command} ${setting}`).join('; ')
/** Runs on each new connection: PgBouncer refuses startup parameters. */
const FOR_SESSION = set('set', [...TIMEOUTS, "default_transaction_isolation = 'read committed'"])
/** Begins each transaction when a pooler may run the next one on another connection. */
export const FOR_TRANSACTION = set('set local', TIMEOUTS)

/** `isPooled`: through a transaction pooler. `isBare`: sets nothing for the session. */
export type ConnectOptions = { max: number; isPooled: boolean; isBare?: boolean }

/**
 * TLS options by `sslmode`. postgres.js itself verifies nothing for `require`, and compares the certificate of a host that is an IP
 * address with "localhost" (ASVS 5.0, 12.3.2).
 */
function tlsOptions(uri: string): false | ConnectionOptions {
  const { searchParams, hostname } = new URL(uri)
  const mode = searchParams.get('sslmode') ?? 'disable'
  if (mode === 'disable') return false
  if (mode === 'no-verify') return { rejectUnauthorized: false }
  const host = hostname.replaceAll(/[[\]]/g, '')
  return { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }
}

/** A postgres.js pool of at most `max` connections on one-shot sockets, opened on demand. */
export function connect(uri: string, onLost: () => void, { max, isPooled, isBare = isPooled }: ConnectOptions) {
  const { applicationName, isPooled: _, ...address } = parseAddress(uri)
  const tls = tlsOptions(uri)
  const greeting = isBare ? null : FOR_SESSION
  // The types of postgres.js lack `socket`, and forbid undefined parts.
  const target: object = {
    ...address,
    socket: (server: ServerAddress) => new OneShotSocket(server, tls, onLost, greeting)
  }
  return postgres({
    ...target,
    max,
    ssl: false,
    // The connection that runs the next transaction would not know a named statement.
    prepare: !isPooled,
    connect_timeout: 1,
    // Its timer would outlive the connection.
    max_lifetime: null,
    // By default it doubles up to 20 s, and so would recovery.
    backoff: () => 0.2,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: applicationName ?? 'fastify-minimal-starter' }
  })
}
