import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../src/app.ts'
import { type Environment, readSettings } from '../src/plugins/platform/config/settings.ts'
import { token as byToken } from './plugins/identity/jwt/transport.ts'
import { cookie as byCookie } from './plugins/identity/session/transport.ts'
import { probe } from './probe.ts'
import { addRedis } from './redis.ts'
import { isLongRun } from './rows.ts'
import { freshPostgresUri, migratedPostgresUri } from './servers.ts'

export const randomKey = () => randomBytes(48).toString('base64url')

/** Valid settings. A test overrides those it is about. */
export const testEnvironment: Environment = {
  SECRET_KEY: randomKey(),
  JWT_SECRET_KEY: randomKey(),
  ENCRYPTION_KEY: randomKey(),
  PASSKEY_RP_ID: 'localhost',
  OIDC_PROVIDERS: 'test=http://client:secret@127.0.0.1:9',
  OIDC_REDIRECT_URI: 'https://app.example.com/callback',
  STORAGE_URI: `file:${join(tmpdir(), 'fastify-minimal-starter-files')}`,
  DB_URI: ':memory:',
  DB_MIGRATE: 'auto',
  RATE_LIMIT_MAX: '1000000'
}

export type LogLine = Record<string, unknown>

/**
 * Builds an app that closes when the test ends; returns it with its log lines. Cleanup is off unless `sweeps` is true, because
 * a test may have old rows.
 */
export async function buildWithLog(t: Test, environment: Environment = {}, sweeps = false) {
  const lines: LogLine[] = []
  const settings = readSettings({ ...testEnvironment, ...environment })
  const app = await buildApp(settings, { write: (line) => void lines.push(JSON.parse(line)) })
  t.teardown(() => app.close())
  await app.register(probe, { prefix: '/api/probe' })
  // Before it starts, so that not even one batch runs.
  if (!sweeps) await app.cleanup.stop()
  await app.ready()
  // The service does not wait for Redis. A test does, but only briefly: its Redis may be down on purpose.
  const isUp = () => [...app.dependencies].every(([name, dependency]) => name === 'database' || dependency.isUp())
  for (let i = 0; i < 50 && !isUp(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  return { app, lines }
}

/** Builds an app that closes when the test ends. */
export async function build(t: Test, environment: Environment = {}) {
  return (await buildWithLog(t, environment)).app
}

/** Both databases. `uri` creates one that is ready for an app, `emptyUri` one without tables. */
export const databases = [
  { name: 'SQLite', isPostgres: false, uri: async () => ':memory:', emptyUri: async () => ':memory:' },
  { name: 'PostgreSQL', isPostgres: true, uri: migratedPostgresUri, emptyUri: freshPostgresUri }
]

/** A way to run the service: the settings of a fresh one, and why it cannot run here, if so. */
export type Backend = { name: string; skip: string | false; environment: () => Promise<Environment> }

const onPostgres: Backend = {
  name: 'PostgreSQL',
  skip: false,
  environment: async () => ({ DB_URI: await migratedPostgresUri() })
}
/** Both ways to run the service. Every promise holds on both. */
export const backends: Backend[] = [
  { name: 'SQLite and memory', skip: false, environment: async () => ({ DB_URI: ':memory:' }) },
  addRedis(onPostgres) ?? onPostgres
]

/** Those of a matrix that depends little on the database: both in the long run, otherwise one. */
export const someBackends = isLongRun ? backends : backends.slice(0, 1)

/** Every row of every table. */
export const allRows = (app: FastifyInstance) =>
  Promise.all(Object.values(app.tables).map((table) => app.db.select().from(table as typeof app.tables.users)))

export const PASSWORD = 'a long first password'

/** Signs up a user with PASSWORD; returns the user as the API shows it. */
export async function signUp(app: FastifyInstance, username: string) {
  const payload = { username, email: `${username}@example.com`, name: `The user ${username}`, password: PASSWORD }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
  if (reply.statusCode !== 201) throw new Error(`sign-up answered ${reply.statusCode}: ${reply.body}`)
  return reply.json<{ user: { id: string; username: string; email: string; name: string; createdAt: string } }>().user
}

/** What a client has after a login: the headers to send, and the body of the reply. */
export type LoggedIn = { sid: string; headers: Record<string, string>; body: Record<string, string> }
/** One way to log in, as a client does it. */
export type Transport = {
  kind: 'cookie' | 'token'
  logIn(
    app: FastifyInstance,
    usernameOrEmail: string,
    options?: { remember?: boolean; password?: string }
  ): Promise<LoggedIn>
}

/** Tests of what both transports promise run once for each. */
export const transports: Transport[] = [
  byCookie, // of plugins/identity/session
  byToken // of plugins/identity/jwt
]

/** The transports of a matrix on a backend: all of them in the long run, otherwise another one on each backend. */
export const transportsOn = (backend: Backend) =>
  isLongRun ? transports : transports.filter((_, i) => i === backends.indexOf(backend) % transports.length)

/** Signs up and logs in, with the first transport by default. */
export async function logIn(app: FastifyInstance, username: string, transport = transports[0] as Transport) {
  const user = await signUp(app, username)
  return { user, ...(await transport.logIn(app, username)) }
}
