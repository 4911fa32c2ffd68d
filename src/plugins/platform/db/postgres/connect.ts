import postgres from 'postgres'
import { parseAddress } from '../address.ts'
import { type ServerAddress, Wire } from './one-shot-socket.ts'
import { tlsOptions } from './tls.ts'

const TIMEOUTS = [
  // Nobody waits for it any longer, and locks of a connection that was lost must not outlive it for long.
  'statement_timeout = 1000',
  'idle_in_transaction_session_timeout = 2000',
  // Times are parsed in this form, whatever the role prefers.
  "datestyle = 'ISO'"
]
const set = (words: string, settings: string[]) => settings.map((setting) => `${words} ${setting}`).join('; ')
/** For each new connection. As startup parameters a pooler such as PgBouncer refuses them. */
const FOR_SESSION = set('set', [...TIMEOUTS, "default_transaction_isolation = 'read committed'"])
/** For each transaction, where the next one may be done on another connection. */
export const FOR_TRANSACTION = set('set local', TIMEOUTS)

/** How a server is reached: `isPooled` by a transaction pooler, `max` by how many connections. */
export type ConnectOptions = { max: number; isPooled: boolean; isBare?: boolean }

/**
 * At most `max` connections of postgres.js, of which each has one life; none is made before it is needed. `isBare`: nothing
 * is set for their sessions.
 */
export function connect(uri: string, onLost: () => void, { max, isPooled, isBare = isPooled }: ConnectOptions) {
  const { applicationName, isPooled: _, ...address } = parseAddress(uri)
  const tls = tlsOptions(uri)
  const greeting = isBare ? null : FOR_SESSION
  // Its types know of no socket, and of no part that is left out.
  const target: object = { ...address, socket: (server: ServerAddress) => new Wire(server, tls, onLost, greeting) }
  return postgres({
    ...target,
    max,
    ssl: false,
    // A named statement would be unknown on the connection that does the next transaction.
    prepare: !isPooled,
    connect_timeout: 1,
    // A timer for each connection, which would outlive it.
    max_lifetime: null,
    // Else it doubles up to 20 s, and so does the time to recover.
    backoff: () => 0.2,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: applicationName ?? 'fastify-minimal-starter' }
  })
}
