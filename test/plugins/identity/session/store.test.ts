import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type CheckedSession, toCheckedSession } from '../../../../src/plugins/identity/auth/sessions.ts'
import { redisStore } from '../../../../src/plugins/identity/session/redis.ts'
import { createSqlStore, type SessionStore } from '../../../../src/plugins/identity/session/store.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import type { CircuitBreaker } from '../../../../src/plugins/platform/redis/circuit-breaker.ts'
import { backends, build } from '../../../build.ts'
import { makeLogin, revokeInSql } from '../auth/made.ts'

/** What a check takes of a login. */
const part = (login: CheckedSession | null) => login && toCheckedSession(login)

const START = new Date('2026-03-01T12:00:00.123Z')
const after = (seconds: number) => new Date(START.getTime() + seconds * 1000)

for (const backend of backends) {
  t.test(`the session store on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    const { sessions, users, redis } = app
    const store = redisStore(app) ?? createSqlStore(sessions)
    const ada = await users.create({ username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }, START)

    async function create() {
      const secretHash = randomBytes(32).toString('base64url')
      const carrier = { kind: 'cookie' as const, secretHash, remember: true, ip: '::1', userAgent: null }
      const login = await makeLogin(sessions, ada, { ...carrier, idleTtl: 100, maxAge: 1000 }, START)
      if (login === null) throw new Error('no login was made')
      return { secretHash, login }
    }

    t.test('finds no session for an unknown hash', async (t) => {
      t.equal(await store.find(randomBytes(32).toString('base64url'), START), null)
    })

    t.test('finds a session as stored, cached or not', async (t) => {
      const { secretHash, login } = await create()
      t.strictSame(await store.find(secretHash, START), part(login))
      await store.keep(login)
      t.strictSame(await store.find(secretHash, START), part(login))
    })

    t.test('finds a session in SQL if its value in Redis is unreadable', async (t) => {
      const { secretHash, login } = await create()
      await redis?.set(`session:${secretHash}`, '{half')
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
      const found = store.find(secretHash, START)
      if (redis) t.strictSame(await found, part(login))
      else await t.rejects(found, { message: 'SQL was asked' })
    })

    t.test('finds changes, including those of another replica', async (t) => {
      const { secretHash, login } = await create()
      await store.keep(login)
      const touched = await sessions.touch(login.id, after(150), after(0), after(50))
      t.strictSame(await store.find(secretHash, after(120)), part(touched), 'not kept here, and past the old end')
      const again = await sessions.touch(login.id, after(250), after(50), after(150))
      if (again) await store.keep(again)
      t.strictSame(await store.find(secretHash, after(151)), part(again))
    })

    t.test('returns an expired session with its expiry', async (t) => {
      const { secretHash, login } = await create()
      await store.keep(login)
      t.strictSame(await store.find(secretHash, after(5000)), part(login))
    })

    t.test(
      'ASVS 7.4.1: never returns a revoked session as live, even if a late request caches what it had read',
      async (t) => {
        const { secretHash, login } = await create()
        await store.keep(login)
        const revoked = await revokeInSql(sessions, login.id, 'logout', after(10))
        if (revoked) await store.end([revoked])
        t.strictSame(await store.find(secretHash, after(11)), part(revoked))
        await store.keep(login)
        t.strictSame(await store.find(secretHash, after(12)), part(revoked))
      }
    )

    t.test('revokes none, many at once, or the same ones again', async (t) => {
      const made = [await create(), await create(), await create()]
      const revoked = []
      for (const { login } of made) revoked.push(await revokeInSql(sessions, login.id, 'logout', after(10)))
      const ended = revoked.filter((login) => login !== null)
      await store.end(ended)
      await store.end(ended)
      await store.end([])
      for (const { secretHash } of made) t.match(await store.find(secretHash, after(11)), { revokedAt: after(10) })
    })
  })
}

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
