import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type CheckedSession, toCheckedSession } from '../../../../src/plugins/identity/auth/sessions.ts'
import { redisStore } from '../../../../src/plugins/identity/session/redis.ts'
import type { SessionStore } from '../../../../src/plugins/identity/session/store.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import type { CircuitBreaker } from '../../../../src/plugins/platform/redis/circuit-breaker.ts'
import { build } from '../../../build.ts'
import { noRedis, redisUrl } from '../../../redis.ts'
import { makeLogin } from '../auth/made.ts'

/** The arguments of a check. */
const part = (login: CheckedSession | null) => login && toCheckedSession(login)

const START = new Date('2026-03-01T12:00:00.123Z')

t.test(
  'ASVS 16.5.2, 16.5.3: while Redis is down, the store answers from SQL without waiting, and rejects revocations',
  async (t) => {
    const { sessions, users } = await build(t)
    const calls: string[] = []
    const refuse = (name: string) => async () => {
      calls.push(name)
      throw new ServiceUnavailable()
    }
    const down = { read: refuse('read'), write: refuse('write') } as unknown as CircuitBreaker
    const store = redisStore({ circuitBreaker: down, sessions }) as SessionStore
    const ada = await users.create({ username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }, START)
    const carrier = { kind: 'cookie' as const, secretHash: 'a hash', remember: true, ip: null, userAgent: null }
    const login = await makeLogin(sessions, ada, { ...carrier, idleTtl: 100, maxAge: 1000 }, START)
    if (login === null) throw new Error('no login was made')

    await store.keep(login)
    t.strictSame(await store.find('a hash', START), part(login))
    t.notOk(calls.includes('write'), 'only what is refused at once was tried')
    await t.rejects(store.end([login]), { code: 'SERVICE_UNAVAILABLE' })
    await t.rejects(store.prepare([login]), { code: 'SERVICE_UNAVAILABLE' })
    await t.resolves(store.end([]), 'nothing to store')
  }
)

t.test('the session store in Redis', { skip: noRedis }, async (t) => {
  const app = await build(t, { REDIS_URL: await redisUrl() })
  const { sessions, users, redis } = app
  const store = redisStore(app) as SessionStore
  const ada = await users.create({ username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }, START)

  async function create() {
    const secretHash = randomBytes(32).toString('base64url')
    const carrier = { kind: 'cookie' as const, secretHash, remember: true, ip: '::1', userAgent: null }
    const login = await makeLogin(sessions, ada, { ...carrier, idleTtl: 100, maxAge: 1000 }, START)
    return { secretHash, login }
  }

  t.test('finds a session in SQL if its value in Redis is unreadable', async (t) => {
    const { secretHash, login } = await create()
    await redis.set(`session:${secretHash}`, '{half')
    t.strictSame(await store.find(secretHash, START), part(login))
  })

  t.test('queries SQL only for sessions that Redis does not have', async (t) => {
    const { secretHash, login } = await create()
    await store.find(secretHash, START)
    const { findBySecret } = sessions
    t.teardown(() => Object.assign(sessions, { findBySecret }))
    sessions.findBySecret = async () => {
      throw new Error('SQL was asked')
    }
    t.strictSame(await store.find(secretHash, START), part(login))
  })
})
