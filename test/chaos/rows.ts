import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Cluster, Dependency } from './cluster.ts'
import type { OnFile } from './file.ts'

/** What is promised of a fault, beside what is promised of all. */
export type Promises = {
  /** Calls that may be answered with 503 meanwhile; all others succeed. */
  failing: readonly string[]
  /** What /readyz says meanwhile; left out where it depends on the moment. */
  ready?: 'ok' | 'degraded' | 'unavailable'
  /** How often a replica may lose what it depends on; each loss and each return is one line of its log. */
  losses?: number
}

/** A line of the failure table. */
export type Row<Stage> = Promises & {
  what: string
  /** What is done meanwhile, in words. */
  meanwhile: string
  begin(stage: Stage): unknown
  end(stage: Stage): unknown
  /** How long it lasts. */
  holdMs?: number
  /** When all is well again, and was looked at. */
  after?(stage: Stage): unknown
}

const NEEDS_SQL = ['users/me', 'check-auth', 'login', 'logout', 'token-refresh', 'sign-up', 'password'] as const
/** Redis has to hear of it. */
const NEEDS_REDIS = ['logout', 'password'] as const
const WRITES = ['login', 'logout', 'token-refresh', 'sign-up', 'password'] as const
const WHOAMI = ['whoami by cookie', 'whoami by token', 'whoami after logout'] as const

/** There and gone again, twice a second. */
async function flap(dependency: Dependency, times: number) {
  for (let i = 0; i < times; i++) {
    dependency.shut()
    await sleep(250)
    await dependency.open()
    await sleep(250)
  }
}

type Fault = [what: string, begin: (to: Dependency) => unknown, end: (to: Dependency) => unknown]
const open = (to: Dependency) => to.open()
/** Nothing comes from it. */
const lost: Fault[] = [
  ['is stopped and restarted', (to) => to.stop(), (to) => to.start()],
  ['does not respond (SIGSTOP)', (to) => to.signal('SIGSTOP'), (to) => to.signal('SIGCONT')],
  ['answers 1 s late', (to) => to.slow(1000), open],
  ['closes every connection', (to) => to.shut(), open]
]
/** It does something. */
const limping: Fault[] = [
  ['has dropped its connections silently', (to) => to.forget(), open],
  ['answers 300 ms late', (to) => to.slow(300), open],
  ['answers 600 ms late', (to) => to.slow(600), open]
]
const flapping: Fault = ['goes down and comes back twice a second', (to) => flap(to, 6), open]

const toRow =
  (name: string, of: (cluster: Cluster) => Dependency, promise: Promises & { meanwhile: string }) =>
  ([what, begin, end]: Fault): Row<Cluster> => ({
    what: `${name} ${what}`,
    ...promise,
    begin: (cluster) => begin(of(cluster)),
    end: (cluster) => end(of(cluster))
  })
const ofRedis = toRow.bind(null, 'Redis', ({ redis }) => redis)
const ofPostgres = toRow.bind(null, 'PostgreSQL', ({ postgres }) => postgres)

const fromSql =
  'Sessions are checked in SQL; a logout is stored in SQL but gets 503; a password change gets 503 and changes nothing'
const fromRedis = 'Redis answers `whoami`; everything else gets 503'
const few = 'Calls with few queries succeed; the rest get 503'

export const clusterRows: Row<Cluster>[] = [
  ...lost.map(ofRedis({ meanwhile: fromSql, failing: NEEDS_REDIS, ready: 'degraded' })),
  ...limping.map(ofRedis({ meanwhile: fromSql, failing: NEEDS_REDIS })),
  // One that goes in the moment in which it came may be lost twice.
  { ...ofRedis({ meanwhile: fromSql, failing: NEEDS_REDIS })(flapping), losses: 9, holdMs: 0 },
  {
    what: 'Redis loses its data (FLUSHALL)',
    meanwhile: 'Sessions are checked in SQL until Redis has all revocations again',
    failing: [],
    async begin({ redisUrl }) {
      const client = new Redis(redisUrl)
      await client.flushall()
      client.disconnect()
    },
    end() {},
    holdMs: 2000
  },
  ...lost.map(ofPostgres({ meanwhile: fromRedis, failing: NEEDS_SQL, ready: 'unavailable' })),
  ...limping.map(ofPostgres({ meanwhile: few, failing: NEEDS_SQL })),
  { ...ofPostgres({ meanwhile: fromRedis, failing: NEEDS_SQL })(flapping), losses: 6, holdMs: 0 },
  {
    what: 'PostgreSQL is killed (SIGKILL) and recovers',
    meanwhile: fromRedis,
    failing: NEEDS_SQL,
    begin: ({ postgres }) => postgres.signal('SIGKILL'),
    end: ({ postgres }) => postgres.start(),
    holdMs: 2000
  },
  {
    what: 'PostgreSQL is read-only (a standby)',
    meanwhile: fromRedis,
    failing: NEEDS_SQL,
    begin: (cluster) => cluster.setReadOnly(true),
    end: (cluster) => cluster.setReadOnly(false)
  },
  {
    what: 'PostgreSQL comes back with an empty database',
    meanwhile: `${fromRedis}; the tables are not created again`,
    failing: NEEDS_SQL,
    ready: 'unavailable',
    // It is there, and something is wrong with it: two lines.
    losses: 2,
    begin: (cluster) => cluster.swapDatabase(),
    end: (cluster) => cluster.swapDatabaseBack()
  },
  {
    what: 'Redis and PostgreSQL are stopped',
    meanwhile: 'No session can be checked: everything gets 503, and nobody is logged out',
    failing: [...NEEDS_SQL, ...WHOAMI],
    ready: 'unavailable',
    begin: ({ redis, postgres }) => Promise.all([redis.stop(), postgres.stop()]),
    end: ({ redis, postgres }) => Promise.all([redis.start(), postgres.start()])
  },
  {
    what: 'A replica starts while Redis and PostgreSQL are stopped',
    meanwhile: 'It waits for them; the others behave as above',
    failing: [...NEEDS_SQL, ...WHOAMI],
    ready: 'unavailable',
    async begin({ redis, postgres, startAnother }) {
      await Promise.all([redis.stop(), postgres.stop()])
      await startAnother()
    },
    end: ({ redis, postgres }) => Promise.all([redis.start(), postgres.start()]),
    holdMs: 1000,
    after: ({ stopAnother }) => stopAnother()
  }
]

export const fileRows: Row<OnFile>[] = [
  {
    what: 'Another process locks the SQLite file',
    meanwhile: 'Reads succeed; writes get 503',
    failing: WRITES,
    ready: 'unavailable',
    begin: (file) => file.lock(),
    end: (file) => file.unlock()
  },
  {
    what: 'The disk of the SQLite file is full',
    meanwhile: 'Reads succeed; writes get 503',
    failing: WRITES,
    ready: 'unavailable',
    begin: (file) => file.fill(),
    end: (file) => file.free()
  }
]
