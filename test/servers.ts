import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { openPostgres, type PostgresServer } from './postgres.ts'
import { freePort } from './wait.ts'

export { freePort, waitUntil } from './wait.ts'

// Real servers, each test file its own, on free loopback ports; stopped when the file ends.

export async function startPostgres() {
  const server = await openPostgres()
  t.teardown(server.remove)
  return server
}

let shared: Promise<PostgresServer> | undefined
/** The URI of a new, empty database on the cluster of this test file. */
export async function freshPostgresUri() {
  shared ??= startPostgres()
  return (await shared).createDatabase()
}

const givenRedis = process.env['TEST_REDIS_URL']
const programs = givenRedis === 'none' ? [] : ['redis-server', 'valkey-server']
export const redisProgram = programs.find((name) => spawnSync(name, ['--version']).status === 0)
const isRedisRequired = process.env['CI'] === 'true'

/** Why tests with Redis cannot run here; false where they can. Under CI that is a failure, not a reason to skip. */
export const noRedis: string | false =
  redisProgram || (givenRedis && givenRedis !== 'none') || isRedisRequired
    ? false
    : 'needs Redis: install redis-server or valkey-server, or set TEST_REDIS_URL'
/** The same for tests that stop their Redis and so need one of their own. */
export const noRedisProgram: string | false =
  redisProgram || isRedisRequired ? false : 'needs redis-server or valkey-server in PATH'

export type RedisServer = {
  url: string
  port: number
  process: ChildProcess
  /** A connection for what a test does to it. */
  admin: Redis
  stop(): Promise<void>
  start(): Promise<void>
}

/** A Redis server of its own, without persistence: what is stopped comes back empty. */
export async function startRedis(): Promise<RedisServer> {
  if (!redisProgram) throw new Error('Tests with Redis need redis-server or valkey-server in PATH')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'starter-redis-'))
  const admin = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const server = { url, port, admin, stop, start } as RedisServer

  async function start() {
    server.process = spawn(redisProgram as string, [
      '--port',
      `${port}`,
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder
    ])
    await admin.ping()
  }
  async function stop() {
    if (server.process.exitCode !== null || server.process.signalCode !== null) return
    const ended = new Promise((resolve) => server.process.once('exit', resolve))
    server.process.kill('SIGKILL')
    await ended
  }
  await start()
  t.teardown(async () => {
    admin.disconnect()
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return server
}

let sharedRedis: Promise<string> | undefined
/** The URL of the Redis of this test file, or TEST_REDIS_URL (`none`: tests with Redis are left out). */
export function redisUrl() {
  sharedRedis ??= givenRedis ? Promise.resolve(givenRedis) : startRedis().then(({ url }) => url)
  return sharedRedis
}
