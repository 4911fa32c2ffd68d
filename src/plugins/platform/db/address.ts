/** Copied from the consoles of database providers: applied or harmless. See docs/operations.md. */
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

/** Whether user name and password are percent-encoded where they have to be. The rest would be taken for a path or a parameter. */
function isEncoded(uri: string) {
  try {
    decodeURIComponent(uri)
    return !/[/?#].*@/.test(uri.slice(uri.indexOf('//') + 2))
  } catch {
    return false
  }
}

/** Of several hosts none would be found to be the one that takes changes. */
function hasOneHost({ hostname, searchParams }: URL) {
  return !hostname.includes(',') && !searchParams.has('target_session_attrs')
}

export function isPostgres(uri: string) {
  return /^postgres(ql)?:/.test(uri)
}

/** Whether this is the address of one PostgreSQL server. */
export function isAddress(uri: string) {
  return isPostgres(uri) && URL.canParse(uri) && isEncoded(uri) && hasOneHost(new URL(uri))
}

/** What a parameter of a database's address would not do, and the cure; null: all are known. Never quotes a value. */
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

/** The parts of a PostgreSQL address, decoded. postgres.js itself would cut an IPv6 host at its first colon. */
export function parseAddress(uri: string) {
  const { hostname, port, username, password, pathname, searchParams } = new URL(uri)
  const host = hostname.replaceAll(/[[\]]/g, '')
  const text = (part: string) => decodeURIComponent(part) || undefined
  return {
    // What is left out postgres.js takes from PGHOST, PGUSER and the like.
    ...(host && { host: [host], port: [Number(port || 5432)] }),
    username: text(username),
    password: text(password),
    database: text(pathname.slice(1)),
    sslnegotiation: searchParams.get('sslnegotiation'),
    applicationName: searchParams.get('application_name'),
    /** As Prisma and Supabase say that there is a transaction pooler. */
    isPooled: searchParams.get('pgbouncer') === 'true'
  }
}
