import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { createConnector, createSentinelConnector } from './connector.ts'
import { parseRedisUrl } from './url.ts'

export type RedisClient = Redis | Cluster

const RETRY_MS = 250

function open(url: string, keyPrefix: string, onFault: (error: Error) => void): RedisClient {
  const { topology, isSecure, nodes, username, password, db, sentinel } = parseRedisUrl(url)
  const options: RedisOptions = {
    keyPrefix,
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
  if (topology === 'sentinel')
    return new Redis({
      ...options,
      db,
      Connector: createSentinelConnector(onFault),
      sentinels: nodes,
      name: sentinel.name,
      sentinelUsername: sentinel.username,
      sentinelPassword: sentinel.password,
      sentinelCommandTimeout: 400,
      sentinelRetryStrategy: () => RETRY_MS,
      ...(isSecure && { enableTLSForSentinelMode: true, sentinelTLS: {} })
    })
  const Connector = createConnector(onFault)
  if (topology === 'single') return new Redis({ ...options, ...nodes[0], db, Connector })
  return new Cluster(nodes, {
    redisOptions: { ...options, Connector },
    enableOfflineQueue: false,
    // Whether it is whole the gate finds out by itself.
    enableReadyCheck: false,
    clusterRetryStrategy: () => RETRY_MS,
    // What cannot be asked now is not asked later: SQL answers meanwhile.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 5000,
    // Names stay names, so that certificates can be verified.
    dnsLookup: (host, done) => done(null, host)
  })
}

/** What only says that there is something else that was said before. */
const CONSEQUENCE = /^(Connection is closed|Failed to refresh slots cache|All sentinels are unreachable)/

/**
 * Connects to Redis, whatever its topology, and keeps trying; commands are never kept waiting for a connection. Every key gets
 * `keyPrefix`. `onFault` is told what keeps it from a connection.
 */
export function connectRedis(url: string, keyPrefix: string, onFault: (error: Error) => void) {
  const redis = open(url, keyPrefix, onFault)
  for (const event of ['error', 'node error'])
    redis.on(event, (error: Error) => void (CONSEQUENCE.test(error.message) || onFault(error)))
  return redis
}

/** Resolves when there is a connection, none could be made, or a second went by. */
export async function firstConnection(redis: RedisClient) {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const event of ['ready', 'error']) redis.once(event, () => resolve())
  const timer = setTimeout(resolve, 1000)
  if (redis.status !== 'ready') await promise
  clearTimeout(timer)
}
