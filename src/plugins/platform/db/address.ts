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
  pool_timeout: 'leave it out: a request never waits longer than its deadline',
  ssl: 'set sslmode=verify-full',
  sslrootcert: 'name the certificate in NODE_EXTRA_CA_CERTS'
}
const SHAPE = 'write postgres://user:password@host:5432/name'
const TLS_MODES = ['disable', 'require', 'verify-full', 'no-verify']

export function isPostgres(uri: string) {
  return /^postgres(ql)?:/.test(uri)
}

/** The file that an SQLite DB_URI names. */
export function sqlitePath(uri: string) {
  return uri.replace(/^file:/, '')
}

/** Whether a character before the host, or a %, is not percent-encoded: the rest would then count as a port, a path, or a parameter. */
function isUnencoded(uri: string) {
  try {
    decodeURIComponent(uri)
    return /\s/.test(uri) || /[/?#].*@/.test(uri.slice(uri.indexOf('//') + 2))
  } catch {
    return true
  }
}

function findParameterFault(searchParams: URL['searchParams']) {
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.has(name))
  if (unknown !== undefined) {
    const name = /^\w{1,40}$/.test(unknown) ? `the parameter ${unknown}, which` : 'a parameter that'
    return `has ${name} this service does not know: ${CURES[unknown] ?? 'remove it'}`
  }
  const mode = searchParams.get('sslmode') ?? 'disable'
  if (!TLS_MODES.includes(mode)) return `has an unknown sslmode: use ${TLS_MODES.join(', ')}`
  if (searchParams.get('channel_binding') === 'require' && !/^(require|verify-full)$/.test(mode))
    return 'has channel_binding=require, which needs sslmode=verify-full here'
  return null
}

function findPostgresFault(uri: string) {
  if (isUnencoded(uri))
    return 'has a special character in the user name or password: percent-encode the password (@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25)'
  if (!URL.canParse(uri))
    return `cannot be parsed: ${SHAPE}, with the password percent-encoded and, in .env, in quotes if it contains #`
  const { hostname, pathname, searchParams } = new URL(uri)
  // With several hosts, postgres.js would not look for the one that accepts writes.
  if (hostname.includes(',') || searchParams.has('target_session_attrs'))
    return 'names several hosts: name the one that accepts writes, or a proxy that finds it'
  if (hostname !== '' && pathname.length < 2)
    return `does not name a database: ${SHAPE}; in .env, put it in quotes if it contains #`
  return findParameterFault(searchParams)
}

/** What is wrong with a DB_URI and how to fix it, or null. Never quotes a value, because it may be part of a password. */
export function findAddressFault(uri: string) {
  if (isPostgres(uri)) return findPostgresFault(uri)
  if (uri === ':memory:') return null
  if (/^[a-z][\w+.-]+:/i.test(uri) && !uri.startsWith('file:'))
    return `must be an address of PostgreSQL or an SQLite file: ${SHAPE} or file:./app.db`
  return /[?#]/.test(uri) ? 'names an SQLite file, which has no parameters: remove what follows the ? or #' : null
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
