import { spawnSync } from 'node:child_process'
import postgres from 'postgres'
import type { Test } from 'tap'
import { startNginx } from '../deploy/nginx.ts'
import { startProxy } from '../proxy.ts'
import { startRedis } from '../redis.ts'
import { startPostgres } from '../servers.ts'
import type { Address, Client } from './client.ts'
import { type Replica, startReplica } from './replica.ts'

/** What the load meets: the service, as one replica or several behind a proxy; `versions` says on what. */
export type Stage = {
  address: Address
  replicas: Replica[]
  versions?: string
  /** Calls of its own beside the usual load; returns what stops them. */
  startLoad?(client: Client): Promise<() => void>
}
export type Cluster = Awaited<ReturnType<typeof startCluster>>
/** A server that the service depends on, and what can happen to it and on the way to it. */
export type Dependency = Awaited<ReturnType<typeof startDependency>>
/** A server that can be stopped, started and sent signals. */
type Server = {
  port: number
  stop(): Promise<void>
  start(): Promise<void>
  signal(name: NodeJS.Signals): void
}

const REPLICAS = 3

const versionOf = (program: string, word: string) => {
  const { stdout, stderr } = spawnSync(program, [word], { encoding: 'utf8' })
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0]
}

async function startDependency(t: Test, server: Server) {
  const proxy = await startProxy(t, server.port)
  return {
    ...proxy,
    /** Ends it, and nobody listens any more. */
    async stop() {
      await server.stop()
      proxy.refuse()
    },
    async start() {
      await server.start()
      await proxy.open()
    },
    signal: server.signal
  }
}

/** PostgreSQL, Redis, three replicas that reach both by a proxy, and nginx in front of them. */
export async function startCluster(t: Test) {
  const [postgresServer, redisServer] = await Promise.all([startPostgres(), startRedis()])
  const uri = new URL(await postgresServer.createDatabase())
  const admin = postgres(uri.href.replace(uri.pathname, '/postgres'), { max: 1, idle_timeout: 1, onnotice: () => {} })
  t.teardown(() => admin.end({ timeout: 0 }))
  const name = uri.pathname.slice(1)
  const database = await startDependency(t, postgresServer)
  const redis = await startDependency(t, {
    ...redisServer,
    signal: (signal) => void redisServer.process.kill(signal)
  })
  uri.port = `${database.port}`
  const environment = {
    DB_URI: uri.href,
    DB_MIGRATE: 'auto',
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    TRUST_PROXY: '127.0.0.1',
    // As behind TLS: without it the names of cookies end with the port, and each replica has another.
    COOKIE_SECURE: 'true',
    RATE_LIMIT_MAX: '1000000'
  }
  const replicas: Replica[] = []
  const start = async () => void replicas.push(await startReplica(t, environment))
  while (replicas.length < REPLICAS) await start()
  const ports = replicas.map(({ port }) => port)

  /** Puts another database in the place of the service's. */
  async function rename(pairs: [from: string, to: string][]) {
    database.refuse()
    for (const [from, to] of pairs) {
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${from}`
      await admin.unsafe(`alter database ${from} rename to ${to}`)
    }
    await database.open()
  }

  const [version] = await admin`select split_part(current_setting('server_version'), ' ', 1) as postgres`
  const redisVersion = versionOf('redis-server', '--version') ?? versionOf('valkey-server', '--version')
  const versions = `Node ${process.versions.node}, PostgreSQL ${version?.['postgres']}, Redis ${redisVersion}, nginx ${versionOf('nginx', '-v')}`

  return {
    versions,
    address: await startNginx(t, ports),
    replicas,
    postgres: database,
    redis,
    redisUrl: redisServer.url,
    /** PostgreSQL comes back, and the database is empty. */
    async swapDatabase() {
      await admin.unsafe(`create database ${name}_empty`)
      await rename([
        [name, `${name}_full`],
        [`${name}_empty`, name]
      ])
    },
    async swapDatabaseBack() {
      await rename([
        [name, `${name}_empty`],
        [`${name}_full`, name]
      ])
      await admin.unsafe(`drop database ${name}_empty`)
    },
    /** As a standby is. */
    async setReadOnly(isReadOnly: boolean) {
      await admin.unsafe(`alter system set default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`)
      await admin.unsafe('select pg_reload_conf()')
    },
    /** A replica more, while the others run. */
    startAnother: start,
    async stopAnother() {
      const [another] = replicas.splice(REPLICAS)
      another?.child.kill('SIGTERM')
      await another?.exited
    }
  }
}
