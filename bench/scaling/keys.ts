import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

/** As ioredis does it; the package has no types. */
const calculateSlot: (key: string) => number = createRequire(import.meta.url)('cluster-key-slot')

const SLOTS = 16_384
const BUCKETS = 256

/** The node of a cluster with so many that has a key: each has as many neighbouring slots, as redis-cli deals them out. */
export const nodeOf = (key: string, nodes: number) => Math.floor((calculateSlot(key) * nodes) / SLOTS)

const hash = (i: number) => createHash('sha256').update(`${i}`).digest()
/** The key of a cookie's login. */
export const sessionKey = (i: number) => `session:${hash(i).toString('base64url')}`
/** What names the node of a token's login: its bucket. */
export const blocklistKey = (i: number) => `blocklist:{${(hash(i)[0] ?? 0).toString(16).padStart(2, '0')}}:`

/** How much more than its share the busiest node of a cluster has, of cookies and of tokens that are asked about. */
export function spreadOfKeys(nodes: number, logins = 200_000) {
  const [cookies, tokens] = [new Float64Array(nodes), new Float64Array(nodes)]
  const add = (counts: Float64Array, key: string) => {
    const node = nodeOf(key, nodes)
    counts[node] = (counts[node] ?? 0) + 1
  }
  for (let i = 0; i < logins; i++) {
    add(cookies, sessionKey(i))
    add(tokens, blocklistKey(i))
  }
  const excess = (counts: Float64Array) => (Math.max(...counts) * nodes) / logins
  return { nodes, 'buckets a node': BUCKETS / nodes, cookies: excess(cookies), tokens: excess(tokens) }
}
