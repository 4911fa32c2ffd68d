import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Environment } from '../../../src/plugins/platform/config/settings.ts'
import { type Backend, build, type LoggedIn } from '../../build.ts'
import { act, logInAs, type Reply, USERS, whoami } from './calls.ts'

export const ROUNDS = 12
/** How long another replica may need to learn of a revocation without Redis. */
const REVOKED_WITHIN_MS = 1000

type Credential = Pick<LoggedIn, 'headers'>
/** What one round races against: sessions from before, and calls that have begun. */
type Round = { sessions: Credential[]; calls: Promise<Reply>[] }
/** Prepares the user whom `admin` bans: returns their id, and what begins a round on another replica. */
type Prepare = (one: FastifyInstance, two: FastifyInstance) => Promise<{ id: string; begin(): Promise<Round> }>

/** Every credential in a reply, as headers of a request. */
export function credentialsOf(reply: Reply): Credential[] {
  if (reply.statusCode >= 300) return []
  const bearer = ['accessToken', 'token'].flatMap(
    (name) => (reply.body && (reply.json()[name] as string | undefined)) || []
  )
  const cookies = reply.cookies.map(({ name, value }) => ({ cookie: `${name}=${encodeURIComponent(value)}` }))
  return [...bearer.map((token) => ({ authorization: `Bearer ${token}` })), ...cookies].map((headers) => ({ headers }))
}

/** A call that revokes may be repeated until it succeeds: under load, a database or Redis may be too slow. */
export async function repeat(work: () => Promise<string>) {
  let outcome = await work()
  for (let tries = 0; tries < 20 && outcome.startsWith('503'); tries++) outcome = await work()
  return outcome
}

export const isShared = ({ name }: Backend) => name !== 'SQLite and memory'

/** Two replicas; on SQLite, which has room for one, twice the same. */
export async function openReplicas(t: Test, backend: Backend, more: Environment = {}) {
  const environment = { ...(await backend.environment()), ...more }
  const one = await build(t, environment)
  return { environment, one, two: isShared(backend) ? await build(t, environment) : one }
}

/** Bans a user while their calls run on another replica: afterwards, nothing that they have been given lets them in. */
export async function raceBan(t: Test, backend: Backend, prepare: Prepare, more: Environment = {}) {
  const { environment, one, two } = await openReplicas(t, backend, more)
  const isTold = !isShared(backend) || environment['REDIS_URL']
  const admin = await logInAs(one, 'admin', 'root')
  const { id, begin } = await prepare(one, two)
  for (let round = 0; round < ROUNDS; round++) {
    const { sessions, calls } = await begin()
    await new Promise((resolve) => setTimeout(resolve, (round * 5) % 40))
    t.equal(await repeat(() => act(one, admin, `PUT ${USERS}/${id}/ban`)), '204')
    const replies = await Promise.all(calls)
    for (const { statusCode } of replies) t.not(statusCode, 500)
    if (!isTold) await new Promise((resolve) => setTimeout(resolve, REVOKED_WITHIN_MS))
    for (const app of [one, two]) {
      for (const credential of [...sessions, ...replies.flatMap(credentialsOf)]) {
        t.match(await whoami(app, credential), '401')
        t.match(await act(app, credential, 'GET /api/probe'), '401')
      }
    }
    t.strictSame(await one.sessions.listLive(id, new Date()), [])
    t.equal(await act(one, admin, `DELETE ${USERS}/${id}/ban`), '204')
  }
}
