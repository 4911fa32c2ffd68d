/** Parameters that the consoles of database providers put into an address: applied, or harmless. See docs/operations.md. */
const PARAMETERS = new Set([
  'sslmode',
  'sslnegotiation',
  'application_name',
  'pgbouncer',
  'channel_binding',
  'connect_timeout',
  'gssencmode',
  'supa'
])
/** What to do instead of the parameters of other tools. */
const CURES: Record<string, string> = {
  schema: 'set search_path on the role: alter role … set search_path = …',
  options: 'put settings on the role: alter role … set …',
  connection_limit: 'set DB_POOL_MAX',
  pool_timeout: 'leave it out: a request never waits longer than its deadline'
}
const TLS_MODES = ['disable', 'require', 'verify-full', 'no-verify']

export function isPostgres(uri: string) {
  return /^postgres(ql)?:/.test(uri)
}

/** The file that an SQLite DB_URI names. */
export function sqlitePath(uri: string) {
  return uri.replace(/^file:/, '')
}

/** Whether user name and password are percent-encoded where they must be; otherwise the rest would count as a path or a parameter. */
function isEncoded(uri: string) {
  try {
    decodeURIComponent(uri)
    return !/[/?#].*@/.test(uri.slice(uri.indexOf('//') + 2))
  } catch {
    return false
  }
}

/** With several hosts, postgres.js would not look for the one that accepts writes. */
function hasOneHost({ hostname, searchParams }: URL) {
  return !hostname.includes(',') && !searchParams.has('target_session_attrs')
}

/** Refuses TLS parameters that would be ignored silently. */
function hasKnownTlsMode({ searchParams }: URL) {
  const isKnown = (name: string) => !name.startsWith('ssl') || name === 'sslmode' || name === 'sslnegotiation'
  return [...searchParams.keys()].every(isKnown) && TLS_MODES.includes(searchParams.get('sslmode') ?? 'disable')
}

/** Whether this is the address of one PostgreSQL server. */
function isAddress(uri: string) {
  if (!URL.canParse(uri) || !isEncoded(uri)) return false
  const url = new URL(uri)
  return hasOneHost(url) && hasKnownTlsMode(url)
}

/** Whether this is a PostgreSQL address or an SQLite file; an address of another database is no file name. */
export function isDatabase(uri: string) {
  if (isPostgres(uri)) return isAddress(uri)
  return uri === ':memory:' || uri.startsWith('file:') || !/^[a-z][\w+.-]+:/i.test(uri)
}

/** A parameter of DB_URI that would have no effect, and the cure; null if all are known. Never quotes a value. */
export function findParameterFault(uri: string) {
  if (!isPostgres(uri))
    return /[?#]/.test(uri) ? 'names an SQLite file, which has no parameters: remove what follows the ? or #' : null
  const { searchParams } = new URL(uri)
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.has(name))
  if (unknown !== undefined) {
    const name = /^\w{1,40}$/.test(unknown) ? `the parameter ${unknown}, which` : 'a parameter that'
    return `has ${name} this service does not know: ${CURES[unknown] ?? 'remove it'}`
  }
  const isVerified = /^(require|verify-full)$/.test(searchParams.get('sslmode') ?? '')
  if (searchParams.get('channel_binding') === 'require' && !isVerified)
    return 'has channel_binding=require, which needs sslmode=verify-full here'
  return null
}

/** The parts of a PostgreSQL address, decoded. postgres.js would cut an IPv6 host at its first colon. */
export function parseAddress(uri: string) {
  const { hostname, port, username, password, pathname, searchParams } = new URL(uri)
  const host = hostname.replaceAll(/[[\]]/g, '')
  const text = (part: string) => decodeURIComponent(part) || undefined
  return {
    // postgres.js takes missing parts from PGHOST, PGUSER and the like.
    ...(host && { host: [host], port: [Number(port || 5432)] }),
    username: text(username),
    password: text(password),
    database: text(pathname.slice(1)),
    sslnegotiation: searchParams.get('sslnegotiation'),
    applicationName: searchParams.get('application_name'),
    /** How Prisma and Supabase mark a transaction pooler. */
    isPooled: searchParams.get('pgbouncer') === 'true'
  }
}
