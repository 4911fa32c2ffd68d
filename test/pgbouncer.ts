import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'
import { findOwner } from './postgres.ts'
import { freePort, waitUntil } from './wait.ts'

// A real PgBouncer with its default settings, in front of a real PostgreSQL.

// Debian installs it in /usr/sbin, which is not in every PATH.
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter)
const isInstalled = spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status === 0

/** Why tests with PgBouncer cannot run here, or false if they can. With CI=true they run and fail instead. */
export const noPgBouncer: string | false =
  isInstalled || process.env['CI'] === 'true' ? false : 'needs PgBouncer: apt-get install pgbouncer'

/** Starts a PgBouncer in front of the server of this URI; returns how to reach it. */
export async function startPgBouncer(
  t: Test,
  uri: string,
  mode: 'session' | 'transaction',
  settings: string[] = [],
  given?: number
) {
  if (!isInstalled) throw new Error('Tests with PgBouncer need it in PATH: apt-get install pgbouncer')
  const target = new URL(uri)
  const port = given ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'starter-pgbouncer-'))
  const file = join(folder, 'pgbouncer.ini')
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${target.port} user=${target.username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    ...settings
  ]
  writeFileSync(file, lines.join('\n'))
  // PgBouncer refuses to run as root.
  const owner = findOwner()
  if (owner) {
    chmodSync(folder, 0o700)
    chownSync(folder, owner.uid, owner.gid)
    chownSync(file, owner.uid, owner.gid)
  }
  const pooler = spawn('pgbouncer', ['--quiet', file], { cwd: '/', stdio: 'ignore', env: { PATH }, ...owner })
  const ended = once(pooler, 'exit')
  const stop = async () => {
    pooler.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  t.teardown(stop)
  const behind = new URL(uri)
  behind.port = `${port}`
  const client = postgres(behind.href, { max: 1, backoff: () => 0.02, onnotice: () => {} })
  const answers = () =>
    client.unsafe('select 1').then(
      () => true,
      () => false
    )
  await waitUntil(answers, 'PgBouncer answers')
  await client.end({ timeout: 0 })
  return { uri: behind.href, port, stop }
}
