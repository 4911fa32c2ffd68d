import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { parseRedisUrl } from './url.ts'

export type RedisClient = Redis | Cluster

const RETRY_MS = 250

/** Connects to Redis, whatever its topology, and keeps trying. Commands are never kept waiting for a connection. */
export function connectRedis(url: string): RedisClient {
  const { topology, isSecure, nodes, username, password, db, sentinel } = parseRedisUrl(url)
  const options: RedisOptions = {
    username,
    password,
    connectTimeout: 2000,
    commandTimeout: 400,
    // A connection that answers nothing is replaced: its other end may be gone without a word.
    socketTimeout: 1000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // A command whose connection broke may have been carried out: the caller decides what to do again.
    autoResendUnfulfilledCommands: false,
    // It has become a replica: who asks anew for its address finds the one in its place.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    retryStrategy: () => RETRY_MS,
    // Verified by Node: against the host of the URL, and the authorities that it knows (NODE_EXTRA_CA_CERTS adds some).
    ...(isSecure && { tls: {} })
  }
  if (topology === 'single') return new Redis({ ...options, ...nodes[0], db })
  if (topology === 'sentinel')
    return new Redis({
      ...options,
      db,
      sentinels: nodes,
      name: sentinel.name,
      sentinelUsername: sentinel.username,
      sentinelPassword: sentinel.password,
      sentinelCommandTimeout: 400,
      sentinelRetryStrategy: () => RETRY_MS,
      ...(isSecure && { enableTLSForSentinelMode: true, sentinelTLS: {} })
    })
  const cluster = new Cluster(nodes, {
    redisOptions: options,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => RETRY_MS,
    // What cannot be asked now is not asked later: SQL answers meanwhile.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 5000,
    // Names stay names, so that certificates can be verified.
    dnsLookup: (host, done) => done(null, host)
  })
  // Connected at once: else nobody is told why a node cannot be reached.
  cluster.on('+node', (node: Redis) => void (node.options.readOnly || node.connect().catch(() => {})))
  return cluster
}

/** Resolves when there is a connection, none could be made, or a second went by. */
export async function firstConnection(redis: RedisClient) {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const event of ['ready', 'error']) redis.once(event, () => resolve())
  const timer = setTimeout(resolve, 1000)
  if (redis.status !== 'ready') await promise
  clearTimeout(timer)
}
