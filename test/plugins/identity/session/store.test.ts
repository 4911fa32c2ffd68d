import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type CheckedSession, toCheckedSession } from '../../../../src/plugins/identity/auth/sessions.ts'
import { createMemoryStore } from '../../../../src/plugins/identity/session/memory.ts'
import { redisStore } from '../../../../src/plugins/identity/session/redis.ts'
import { createSqlStore } from '../../../../src/plugins/identity/session/store.ts'
import { backends, build } from '../../../build.ts'
import { makeLogin, revokeInSql } from '../auth/made.ts'

/** The arguments of a check. */
const part = (login: CheckedSession | null) => login && toCheckedSession(login)

const START = new Date('2026-03-01T12:00:00.123Z')
const after = (seconds: number) => new Date(START.getTime() + seconds * 1000)

for (const backend of backends) {
  t.test(`the session store on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    const { sessions, users } = app
    const local = app.config.DB_URI.startsWith('postgres') ? createSqlStore(sessions) : createMemoryStore(sessions)
    const store = redisStore(app) ?? local
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

t.test('without a cache, the store reads every session from SQL', async (t) => {
  const { sessions } = await build(t)
  sessions.findBySecret = async () => {
    throw new Error('SQL was asked')
  }
  await t.rejects(createSqlStore(sessions).find('a hash', START), { message: 'SQL was asked' })
})
