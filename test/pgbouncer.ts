import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'
import { owner } from './postgres.ts'
import { freePort, waitUntil } from './wait.ts'

// A real PgBouncer in front of a real PostgreSQL, with the settings that it has by default.

// Debian installs it where only root looks for programs.
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter)
const isInstalled = spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status === 0

/** Why tests with PgBouncer cannot run here; false where they can. Under CI that is a failure, not a reason to skip. */
export const noPgBouncer: string | false =
  isInstalled || process.env['CI'] === 'true' ? false : 'needs PgBouncer: apt-get install pgbouncer'

/** Starts a PgBouncer of the test's own in front of the server of this URI; gives how it is reached. */
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
  // It refuses to run as root.
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
