import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { explainConnection } from '../errors/network.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { createConnector, createSentinelConnector } from './connector.ts'
import { parseRedisUrl } from './url.ts'

export type RedisClient = Redis | Cluster
/** What a concern's Redis half needs. Without REDIS_URL there is neither. */
export type RedisAccess = { redis: RedisClient; circuitBreaker: CircuitBreaker | null }

const RETRY_MS = 250

function create(url: string, keyPrefix: string, onError: (error: Error) => void): RedisClient {
  const { topology, isSecure, nodes, username, password, db, sentinel } = parseRedisUrl(url)
  const options: RedisOptions = {
    keyPrefix,
    username,
    password,
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 400,
    // Replaces a silent connection: the server may be gone without having closed it.
    socketTimeout: 1000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // A command may have run although its connection broke: the caller decides whether to repeat it.
    autoResendUnfulfilledCommands: false,
    // The server has become a replica: reconnecting looks up the address again, and finds the new master.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    retryStrategy: () => RETRY_MS,
    // Node verifies the certificate against the host in the URL and its known authorities (NODE_EXTRA_CA_CERTS adds some).
    ...(isSecure && { tls: {} })
  }
  if (topology === 'sentinel')
    return new Redis({
      ...options,
      db,
      Connector: createSentinelConnector(onError),
      sentinels: nodes,
      name: sentinel.name,
      sentinelUsername: sentinel.username,
      sentinelPassword: sentinel.password,
      sentinelCommandTimeout: 400,
      sentinelRetryStrategy: () => RETRY_MS,
      ...(isSecure && { enableTLSForSentinelMode: true, sentinelTLS: {} })
    })
  const Connector = createConnector(onError)
  if (topology === 'single') return new Redis({ ...options, ...nodes[0], db, Connector })
  return new Cluster(nodes, {
    lazyConnect: true,
    redisOptions: { ...options, Connector },
    enableOfflineQueue: false,
    // The circuit breaker checks the cluster itself.
    enableReadyCheck: false,
    clusterRetryStrategy: () => RETRY_MS,
    // No delayed retries: SQL answers meanwhile.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 5000,
    // Keeps host names, so that certificates can be verified.
    dnsLookup: (host, done) => done(null, host)
  })
}

/** For the log: what to do about an error that prevents a connection; null for any other error. */
export function explain(error: unknown) {
  const isRefused = error instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM)/.test(error.message)
  return isRefused
    ? 'REDIS_URL has a user or password that Redis rejects: correct it'
    : explainConnection(error, 'REDIS_URL')
}

/** Errors that only follow from another one, which was reported before. */
const CONSEQUENCE = /^(timeout$|Connection is closed|Failed to refresh slots cache|All sentinels are unreachable)/

/**
 * Makes an ioredis client for any topology; it connects on `connect()` and then retries forever. Commands never wait for a
 * connection. Every key gets `keyPrefix`. `onError` receives whatever prevents a connection.
 */
export function createClient(url: string, keyPrefix: string, onError: (error: Error) => void) {
  const redis = create(url, keyPrefix, onError)
  for (const event of ['error', 'node error'])
    redis.on(event, (error: Error) => void (CONSEQUENCE.test(error.message) || onError(error)))
  return redis
}
