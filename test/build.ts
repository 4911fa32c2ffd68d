import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../src/app.ts'
import { type Environment, readSettings } from '../src/plugins/platform/config/settings.ts'
import { token } from './plugins/identity/jwt/transport.ts'
import { cookie } from './plugins/identity/session/transport.ts'
import { probe } from './probe.ts'
import { freshPostgresUri, migratedPostgresUri, noRedis, redisUrl } from './servers.ts'

export const randomKey = () => randomBytes(48).toString('base64url')

/** Any valid settings; what a test is about it says itself. */
export const testEnvironment: Environment = {
  SECRET_KEY: randomKey(),
  JWT_SECRET_KEY: randomKey(),
  DB_URI: ':memory:',
  DB_MIGRATE: 'auto',
  RATE_LIMIT_MAX: '1000000'
}

export type LogLine = Record<string, unknown>

/**
 * An app of the test's own, closed when the test ends, and the lines that it logs. It deletes nothing by itself, unless it
 * `sweeps`: the rows of a test may be of long ago.
 */
export async function buildWithLog(t: Test, environment: Environment = {}, sweeps = false) {
  const lines: LogLine[] = []
  const settings = readSettings({ ...testEnvironment, ...environment })
  const app = await buildApp(settings, { write: (line) => void lines.push(JSON.parse(line)) })
  t.teardown(() => app.close())
  await app.register(probe, { prefix: '/api/probe' })
  await app.ready()
  if (!sweeps) await app.cleanup.stop()
  // The start does not wait for Redis. A test does, for a moment: it may want one that is down.
  for (let i = 0; i < 50 && app.circuitBreaker?.isUp() === false; i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  return { app, lines }
}

/** An app of the test's own, closed when the test ends. */
export async function build(t: Test, environment: Environment = {}) {
  return (await buildWithLog(t, environment)).app
}

/** The two databases alone, for what needs no Redis: the URI of a new, empty one. */
export const databases = [
  { name: 'SQLite', isPostgres: false, uri: async () => ':memory:' },
  { name: 'PostgreSQL', isPostgres: true, uri: freshPostgresUri }
]

/** The two ways to run the service. What is promised is promised on both. */
export const backends = [
  {
    name: 'SQLite and memory',
    skip: false as const,
    environment: async (): Promise<Environment> => ({ DB_URI: ':memory:' })
  },
  {
    name: 'PostgreSQL and Redis',
    skip: noRedis,
    environment: async (): Promise<Environment> => ({
      DB_URI: await migratedPostgresUri(),
      REDIS_URL: await redisUrl()
    })
  }
]

/** Every row of every table. */
export const allRows = (app: FastifyInstance) =>
  Promise.all(Object.values(app.tables).map((table) => app.db.select().from(table as typeof app.tables.users)))

export const PASSWORD = 'a long first password'

/** A new user with PASSWORD; gives the user as the API shows it. */
export async function signUp(app: FastifyInstance, username: string) {
  const payload = { username, email: `${username}@example.com`, name: `The user ${username}`, password: PASSWORD }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
  if (reply.statusCode !== 201) throw new Error(`sign-up answered ${reply.statusCode}: ${reply.body}`)
  return reply.json<{ user: { id: string; username: string; email: string; name: string; createdAt: string } }>().user
}

/** What a client holds after a login: the headers to send, and what else the reply said. */
export type LoggedIn = { sid: string; headers: Record<string, string>; body: Record<string, string> }
/** One way to log in, as a client does it. Those of deleted folders are no longer listed below. */
export type Transport = {
  kind: 'cookie' | 'token'
  logIn(
    app: FastifyInstance,
    usernameOrEmail: string,
    options?: { remember?: boolean; password?: string }
  ): Promise<LoggedIn>
}

/** Every test of what both transports promise runs once for each. */
export const transports: Transport[] = [
  cookie, // of src/plugins/session
  token // of src/plugins/jwt
]

/** Signs up and logs in, by the first transport unless told otherwise. */
export async function logIn(app: FastifyInstance, username: string, transport = transports[0] as Transport) {
  const user = await signUp(app, username)
  return { user, ...(await transport.logIn(app, username)) }
}
