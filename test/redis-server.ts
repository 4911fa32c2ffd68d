import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './wait.ts'

export const givenRedis = process.env['TEST_REDIS_URL']
const programs = givenRedis === 'none' ? [] : ['redis-server', 'valkey-server']
const paths = (process.env['PATH'] ?? '').split(delimiter)
export const redisProgram = programs.find((name) => paths.some((path) => existsSync(join(path, name))))

export type RedisServer = {
  url: string
  port: number
  process: ChildProcess
  /** The test's own connection, to inspect and disturb the server. */
  admin: Redis
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** Starts a Redis server on a free port, without persistence: after `stop` and `start` it is empty. Call `remove` at the end. */
export async function openRedis(): Promise<RedisServer> {
  if (!redisProgram) throw new Error('Tests with Redis need redis-server or valkey-server in PATH')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'starter-redis-'))
  const admin = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const words = ['--port', `${port}`, '--save', '', '--appendonly', 'no', '--dir', folder]
  const server = { url, port, admin, stop, start, remove } as RedisServer

  async function start() {
    server.process = spawn(redisProgram as string, words)
    await admin.ping()
  }
  async function stop() {
    if (server.process.exitCode !== null || server.process.signalCode !== null) return
    const ended = new Promise((resolve) => server.process.once('exit', resolve))
    server.process.kill('SIGKILL')
    await ended
  }
  async function remove() {
    admin.disconnect()
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
  // An interrupted run leaves no server behind.
  process.once('exit', () => server.process?.kill('SIGKILL'))
  await start()
  return server
}

/** Starts the Redis that the test files of a run share, unless they are given one or there is none here. */
export async function openSharedRedis() {
  if (givenRedis !== undefined || !redisProgram) return { env: {}, remove: async () => {} }
  const { url, remove } = await openRedis()
  return { env: { TEST_REDIS_URL: url }, remove }
}
