import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from './client.ts'
import { CLIENT_CORE, freePort, onCore, SERVER_CORE, startProcess, untilOpen } from './process.ts'

export const PASSWORD = 'a long first password'
export const ORIGIN = 'https://app.example.com'
export type Service = Awaited<ReturnType<typeof startService>>
export type Tokens = { accessToken: string; refreshToken: string }

const randomKey = () => randomBytes(48).toString('base64url')
const SERVER = join(import.meta.dirname, '../src/server.ts')
const PRELOAD = ['-r', join(import.meta.dirname, '../src/preload.cjs')]

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a Redis on the core of the load generator; null if redis-server is not on PATH. */
export async function startRedis() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
  } catch {
    return null
  }
  const port = await freePort()
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', temporaryFolder()]
  const [program = '', ...rest] = onCore(CLIENT_CORE, ['redis-server', ...settings])
  const child = spawn(program, rest, { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  await untilOpen(port)
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') }
}

/**
 * Starts the service with production settings behind a simulated proxy; only the rate limits are lifted. It runs on one core
 * unless `core` is null. `program` is a file that builds and starts it.
 */
export async function startService(
  env: Record<string, string> = {},
  core: number | null = SERVER_CORE,
  execArgv: string[] = [],
  program = SERVER
) {
  const folder = temporaryFolder()
  const settings = {
    DB_URI: `file:${folder}/app.db`,
    SECRET_KEY: randomKey(),
    JWT_SECRET_KEY: randomKey(),
    CORS_API_ORIGINS: ORIGIN,
    TRUST_PROXY: '127.0.0.1',
    RATE_LIMIT_MAX: '100000000',
    ...env
  }
  const server = await startProcess(program, { core, cwd: folder, env: settings, execArgv: [...PRELOAD, ...execArgv] })

  /** POSTs JSON as a client with this address. */
  async function post(path: string, body: object, from = '192.0.2.1') {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': from }
    return fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  async function signUp(username: string, from?: string) {
    const body = { username, email: `${username}@example.com`, name: 'Ada Lovelace', password: PASSWORD }
    const reply = await post('/api/auth/signup', body, from)
    if (reply.status !== 201) throw new Error(`The sign-up of ${username} answered ${reply.status}`)
  }
  async function logIn(usernameOrEmail: string, authType: 'cookie' | 'token', from?: string) {
    const reply = await post('/api/auth/login', { usernameOrEmail, password: PASSWORD, authType }, from)
    if (reply.status !== 200) throw new Error(`The login of ${usernameOrEmail} answered ${reply.status}`)
    const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { ...((await reply.json()) as Tokens), cookie }
  }
  return { ...server, folder, settings, post, signUp, logIn }
}

/** A request as the proxy forwards it from a page of the allowed origin. */
export function fromPage(method: string, path: string, headers: Record<string, string> = {}, body?: object) {
  return request(method, path, { 'x-forwarded-for': '192.0.2.1', origin: ORIGIN, ...headers }, body)
}
