/** Where Redis is: a single server, one that Sentinels locate, or a cluster that is known by some of its nodes. */
type RedisAddress = {
  topology: 'single' | 'cluster' | 'sentinel'
  isSecure: boolean
  nodes: { host: string; port: number }[]
  username: string
  password: string
  db: number
  /** The name of the server among its Sentinels, and the login for them; empty for other topologies. */
  sentinel: { name: string; username: string; password: string }
}

const SHAPE = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^/]*)@)?([^@/?#\s]+)(\/[^?#]*)?(?:\?([^#]*))?$/
/** The path of the URL: the name and the number of the database, as far as the topology has them. */
const PATHS = { single: /^\/?()(\d*)$/, cluster: /^\/?()()$/, sentinel: /^\/([^/]+)\/?(\d*)$/ }
const SENTINEL_QUERY = ['sentinelUsername', 'sentinelPassword']

function parseNode(text: string, defaultPort: number) {
  const { hostname, port } = new URL(`redis://${text}`)
  return { host: hostname.replaceAll(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
}

/** Reads `redis://…`, `redis+cluster://…` or `redis+sentinel://…`, `rediss…` for TLS. Throws if it is invalid. */
export function parseRedisUrl(text: string): RedisAddress {
  const [, secure, kind = 'single', login = '', hosts = '', path = '', query = ''] = SHAPE.exec(text) ?? []
  const topology = kind as RedisAddress['topology']
  const [, name, db] = PATHS[topology].exec(path) ?? []
  const nodes = hosts.split(',').map((host) => parseNode(host, topology === 'sentinel' ? 26379 : 6379))
  const asked = new URLSearchParams(query)
  const isStrange = [...asked.keys()].some((key) => topology !== 'sentinel' || !SENTINEL_QUERY.includes(key))
  const isNowhere = nodes.some(({ host }) => host === '') || (topology === 'single' && nodes.length > 1)
  if (name === undefined || isStrange || isNowhere) throw new TypeError('Not a Redis URL')
  const [username = '', password = ''] = login.split(/:(.*)/s).map(decodeURIComponent)
  const [ask, asks] = SENTINEL_QUERY.map((key) => asked.get(key) ?? '')
  const sentinel = { name: decodeURIComponent(name), username: ask ?? '', password: asks ?? '' }
  return { topology, isSecure: secure === 's', nodes, username, password, db: Number(db), sentinel }
}
