import t from 'tap'
import type { Backend } from './build.ts'
import { givenRedis, openRedis, redisProgram } from './redis-server.ts'

export { type RedisServer, redisProgram } from './redis-server.ts'

const isRequired = process.env['CI'] === 'true'

/** Why tests with Redis cannot run here, or false if they can. With CI=true they run and fail instead. */
export const noRedis: string | false =
  redisProgram || (givenRedis && givenRedis !== 'none') || isRequired
    ? false
    : 'needs Redis: install redis-server or valkey-server, or set TEST_REDIS_URL'
/** The same for tests that stop their Redis or change its settings. */
export const noRedisProgram: string | false =
  redisProgram || isRequired ? false : 'needs redis-server or valkey-server in PATH'

/** Starts a Redis that stops when the test file ends. */
export async function startRedis() {
  const server = await openRedis()
  t.teardown(server.remove)
  return server
}

let sharedRedis: Promise<string> | undefined
/** Returns TEST_REDIS_URL, or the URL of a Redis of this test file. */
export function redisUrl() {
  sharedRedis ??= givenRedis ? Promise.resolve(givenRedis) : startRedis().then(({ url }) => url)
  return sharedRedis
}

/** For a list of the ways to run the service: with the Redis that the test files share. */
export const withRedis = { skip: noRedis, environment: async () => ({ REDIS_URL: await redisUrl() }) }
/** The same way to run the service, with the shared Redis; null if there is none here. */
export const addRedis = ({ name, environment }: Backend): Backend | null =>
  noRedis
    ? null
    : {
        name: `${name} and Redis`,
        skip: false,
        environment: async () => ({ ...(await environment()), REDIS_URL: await redisUrl() })
      }
/** The settings of the shared Redis, if there is one here. */
export const redisIfAvailable = async () => (noRedis ? {} : await withRedis.environment())
