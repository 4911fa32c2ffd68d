/** Where Redis is: one server, one whose address Sentinels tell, or a cluster of which some nodes are named. */
export type RedisAddress = {
  topology: 'single' | 'cluster' | 'sentinel'
  isSecure: boolean
  nodes: { host: string; port: number }[]
  username: string
  password: string
  db: number
  /** What Sentinels call the server, and what they ask of who asks them; all empty elsewhere. */
  sentinel: { name: string; username: string; password: string }
}

const SHAPE = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^/]*)@)?([^@/?#\s]+)(\/[^?#]*)?(?:\?([^#]*))?$/
/** The name and the number of the database, as far as a topology has them. */
const PATHS = { single: /^\/?()(\d*)$/, cluster: /^\/?()()$/, sentinel: /^\/([^/]+)\/?(\d*)$/ }
const SENTINEL_QUERY = ['sentinelUsername', 'sentinelPassword']

function parseNode(text: string, defaultPort: number) {
  const { hostname, port } = new URL(`redis://${text}`)
  return { host: hostname.replaceAll(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
}

/** Reads `redis://…`, `redis+cluster://…` or `redis+sentinel://…`, `rediss…` for TLS. Throws where it is none of them. */
export function parseRedisUrl(text: string): RedisAddress {
  const [, secure, kind = 'single', login = '', hosts = '', path = '', query = ''] = SHAPE.exec(text) ?? []
  const topology = kind as RedisAddress['topology']
  const [, name, db] = PATHS[topology].exec(path) ?? []
  const nodes = hosts.split(',').map((host) => parseNode(host, topology === 'sentinel' ? 26379 : 6379))
  const asked = new URLSearchParams(query)
  const isStrange = [...asked.keys()].some((key) => topology !== 'sentinel' || !SENTINEL_QUERY.includes(key))
  const isNowhere = nodes.some(({ host }) => host === '') || (topology === 'single' && nodes.length > 1)
  if (name === undefined || isStrange || isNowhere) throw new TypeError('This is no address of a Redis')
  const [username = '', password = ''] = login.split(/:(.*)/s).map(decodeURIComponent)
  const [ask, asks] = SENTINEL_QUERY.map((key) => asked.get(key) ?? '')
  const sentinel = { name: decodeURIComponent(name), username: ask ?? '', password: asks ?? '' }
  return { topology, isSecure: secure === 's', nodes, username, password, db: Number(db), sentinel }
}
