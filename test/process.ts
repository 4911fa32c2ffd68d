import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { PASSWORD, randomKey } from './build.ts'
import { freePort, waitUntil } from './servers.ts'

const ROOT = join(import.meta.dirname, '..')

/** Settings that let the service start without an .env. */
export const settled = {
  SECRET_KEY: randomKey(),
  JWT_SECRET_KEY: randomKey(),
  DB_URI: 'file:./app.db',
  COOKIE_SECURE: 'false'
}

/** Creates a folder with only .env.example, removed when the test ends. */
export function freshFolder(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-server-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(ROOT, '.env.example'), join(folder, '.env.example'))
  return folder
}

/**
 * Starts the service as a process with only these variables, and kills it when the test ends. Its output is kept, unless
 * `stdout` is a file descriptor.
 */
export async function start(
  t: Test,
  folder: string,
  environment: Record<string, string> = {},
  stdout: 'pipe' | number = 'pipe'
) {
  const port = environment['PORT'] ?? `${await freePort()}`
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, HOST: '127.0.0.1', PORT: port, ...environment }
  const child = spawn(process.execPath, [join(ROOT, 'src/server.ts')], {
    cwd: folder,
    env,
    stdio: ['ignore', stdout, 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const exited = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, exited, output: () => output, port: Number(port), url: `http://127.0.0.1:${port}` }
}

/** Starts the service and waits until it listens. */
export async function startListening(t: Test, folder: string, environment?: Record<string, string>) {
  const server = await start(t, folder, environment)
  const isSettled = () => server.output().includes('listening at') || server.child.exitCode !== null
  await waitUntil(isSettled, 'it listens', 30_000)
  t.match(server.output(), 'listening at')
  return server
}

/** Sends a POST with a JSON body, or with none. */
export function post(url: string, body?: object, headers: Record<string, string> = {}) {
  if (!body) return fetch(url, { method: 'POST', headers })
  const type = { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) })
}

/** Signs up a user with PASSWORD. */
export async function signUpBy(url: string, username: string) {
  const user = { username, email: `${username}@example.com`, name: username, password: PASSWORD }
  const { status } = await post(`${url}/api/auth/signup`, user)
  if (status !== 201) throw new Error(`sign-up answered ${status}`)
}

/** Logs in; returns the headers to send from then on. */
export async function logInBy(url: string, username: string, authType: string): Promise<Record<string, string>> {
  const reply = await post(`${url}/api/auth/login`, { usernameOrEmail: username, password: PASSWORD, authType })
  if (reply.status !== 200) throw new Error(`login answered ${reply.status}`)
  const { accessToken } = (await reply.json()) as { accessToken?: string }
  if (accessToken) return { authorization: `Bearer ${accessToken}` }
  return { cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '' }
}
