import t from 'tap'
import type { Session } from '../../../../src/plugins/identity/auth/tables.ts'
import { type Rotation, rotateRefreshToken } from '../../../../src/plugins/identity/jwt/rotation.ts'
import { backends, build, logIn } from '../../../build.ts'
import { makeLogin } from '../auth/made.ts'
import { takeApart } from './forge.ts'
import { token } from './transport.ts'

const START = new Date('2026-03-01T12:00:00.123Z')
const after = (seconds: number) => new Date(START.getTime() + seconds * 1000)

for (const backend of backends) {
  t.test(`rotation on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    const { sessions, revocations, tokens, users } = app
    const ada = await users.create({ username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }, START)
    const lives = { idleTtl: 1000, maxAge: 5000 }
    const rotation: Rotation = { sessions, revocations, graceSeconds: 30, idleTtl: lives.idleTtl, accessTtl: 900 }

    async function create(remember = true, changed: Partial<typeof lives> = {}) {
      const carrier = { kind: 'token' as const, secretHash: null, remember, ip: null, userAgent: null }
      const session = await makeLogin(sessions, ada, { ...carrier, ...lives, ...changed }, START)
      if (session === null) throw new Error('no session was made')
      return session
    }

    const refresh = (sid: string, gen: number, now: Date, changed: Partial<Rotation> = {}) =>
      rotateRefreshToken({ ...rotation, ...changed }, app, { sid, gen }, now).then(({ session }) => session)
    const tokenOf = (session: Session, now: Date) => tokens.issue(session, now).refreshToken

    t.test(
      'ASVS 10.4.5: returns the same token until the grace period after the login ends, then the next',
      async (t) => {
        const session = await create()
        t.strictSame(await refresh(session.id, 0, after(0)), session)
        t.strictSame(await refresh(session.id, 0, after(29.999)), session)
        const next = await refresh(session.id, 0, after(30))
        t.match(next, { generation: 1, rotatedAt: after(30), lastSeenAt: after(30), expiresAt: after(1030) })
        t.match(next, { createdAt: START, absoluteExpiresAt: after(5000) })
      }
    )

    t.test(
      'ASVS 10.4.5: returns the same successor for the current and the previous token during the grace period, byte for byte, and rotates once',
      async (t) => {
        const session = await create()
        const first = await refresh(session.id, 0, after(40))
        const issued = tokenOf(first, after(40))
        for (const [gen, second] of [
          [0, 41],
          [1, 50],
          [0, 69.999],
          [1, 69.999]
        ] as const) {
          const again = await refresh(session.id, gen, after(second))
          t.strictSame(again, first)
          t.equal(tokenOf(again, after(second)), issued)
        }
        t.match(takeApart(issued).claims, { gen: 1, iat: Math.floor(after(40).getTime() / 1000), sid: session.id })
        t.equal((await refresh(session.id, 1, after(70))).generation, 2, 'then the current one rotates')
      }
    )

    t.test('ASVS 10.4.5: returns one successor to twenty concurrent requests', async (t) => {
      const session = await create()
      const calls = Array.from({ length: 20 }, () => refresh(session.id, 0, after(40)))
      const issued = (await Promise.all(calls)).map((row) => tokenOf(row, after(40)))
      t.equal(new Set(issued).size, 1)
      t.equal((await sessions.find(session.id))?.generation, 1)
    })

    t.test(
      'ASVS 10.4.5: treats the previous token after the grace period as stolen, and ends the session',
      async (t) => {
        const session = await create()
        await refresh(session.id, 0, after(40))
        await t.rejects(refresh(session.id, 0, after(70)), { code: 'REFRESH_TOKEN_REUSED', statusCode: 401 })
        t.match(await sessions.find(session.id), { revokedAt: after(70), revokedReason: 'reuse', generation: 1 })
        for (const gen of [0, 1]) await t.rejects(refresh(session.id, gen, after(71)), { code: 'TOKEN_REVOKED' })
      }
    )

    t.test('ASVS 10.4.5: treats anything older as stolen, also during the grace period', async (t) => {
      const session = await create()
      await refresh(session.id, 0, after(40))
      await refresh(session.id, 1, after(80))
      await t.rejects(refresh(session.id, 0, after(81)), { code: 'REFRESH_TOKEN_REUSED' })
      await t.rejects(refresh(session.id, 2, after(82)), { code: 'TOKEN_REVOKED' })
      const other = await create()
      t.equal((await refresh(other.id, 0, after(83))).generation, 1, 'other logins of the user live on')
    })

    t.test('is strict without a grace period even if the clock of another replica is ahead', async (t) => {
      const strict = { graceSeconds: 0 }
      const session = await create()
      t.equal((await refresh(session.id, 0, after(2), strict)).generation, 1)
      await t.rejects(refresh(session.id, 0, after(1), strict), { code: 'REFRESH_TOKEN_REUSED' })
    })

    t.test('ASVS 10.4.5: is strictly single-use without a grace period', async (t) => {
      const strict = { graceSeconds: 0 }
      const session = await create()
      t.equal((await refresh(session.id, 0, after(0), strict)).generation, 1)
      t.equal((await refresh(session.id, 1, after(0), strict)).generation, 2)
      await t.rejects(refresh(session.id, 1, after(0), strict), { code: 'REFRESH_TOKEN_REUSED' })

      const raced = await create()
      const calls = Array.from({ length: 5 }, () => refresh(raced.id, 0, after(1), strict))
      const ends = await Promise.allSettled(calls)
      t.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
      const failed = ends.filter((end) => end.status === 'rejected')
      for (const { reason } of failed) t.match(reason.code, /^(REFRESH_TOKEN_REUSED|TOKEN_REVOKED)$/)
      t.equal((await sessions.find(raced.id))?.revokedReason, 'reuse')
    })

    t.test('ASVS 10.4.8: ends after the idle timeout, and at the absolute end', async (t) => {
      const idle = await create()
      await t.rejects(refresh(idle.id, 0, after(1000)), { code: 'TOKEN_EXPIRED', statusCode: 401 })
      t.equal((await sessions.find(idle.id))?.revokedAt, null, 'which is no theft')

      const used = await create()
      let gen = 0
      for (let second = 900; second < 5000; second += 900) gen = (await refresh(used.id, gen, after(second))).generation
      const last = await sessions.find(used.id)
      t.match(last, { generation: 5, expiresAt: after(5000) })
      if (last) {
        const { accessToken, expiresIn, refreshExpiresIn } = tokens.issue(last, after(4900))
        const end = Math.floor(after(5000).getTime() / 1000)
        t.equal(takeApart(accessToken).claims['exp'], end, 'nor does an access token live longer')
        t.strictSame([expiresIn, refreshExpiresIn], [100, 100])
      }
      await t.rejects(refresh(used.id, gen, after(5000)), { code: 'TOKEN_EXPIRED' })
    })

    t.test('without remember, expires after half a day without use, however long the idle timeout is', async (t) => {
      const long = { idleTtl: 30 * 86_400, maxAge: 365 * 86_400 }
      const session = await create(false, long)
      const next = await refresh(session.id, 0, after(3600), long)
      t.strictSame(next.expiresAt, after(3600 + 12 * 3600))
      await t.rejects(refresh(session.id, 1, after(3600 + 12 * 3600), long), { code: 'TOKEN_EXPIRED' })
    })

    t.test('accepts only live token sessions and generations that were issued', async (t) => {
      const session = await create()
      await t.rejects(refresh(session.id, 1, after(1)), { code: 'INVALID_TOKEN' })
      await t.rejects(refresh('01900000-0000-7000-8000-000000000000', 0, after(1)), { code: 'TOKEN_REVOKED' })
      await revocations.revoke(app, session.id, 'logout', after(1))
      await t.rejects(refresh(session.id, 0, after(2)), { code: 'TOKEN_REVOKED' })
      const carrier = { kind: 'cookie' as const, secretHash: 'a hash', remember: true, ip: null, userAgent: null }
      const other = await makeLogin(sessions, ada, { ...carrier, ...lives }, START)
      await t.rejects(refresh(other?.id ?? '', 0, after(1)), { code: 'INVALID_TOKEN' })
      t.equal((await sessions.find(other?.id ?? ''))?.revokedAt, null)
    })

    t.test('ASVS 7.4.1: loses against a concurrent revocation', async (t) => {
      const session = await create()
      const [, ...ends] = await Promise.allSettled([
        revocations.revoke(app, session.id, 'logout', after(40)),
        ...Array.from({ length: 5 }, () => refresh(session.id, 0, after(40)))
      ])
      const row = await sessions.find(session.id)
      t.ok(row?.revokedAt)
      for (const end of ends) if (end.status === 'rejected') t.equal(end.reason.code, 'TOKEN_REVOKED')
      await t.rejects(refresh(session.id, row?.generation ?? 0, after(41)), { code: 'TOKEN_REVOKED' })
    })

    t.test(
      'ASVS 10.4.5: over HTTP returns the documented reply, and after theft no credential of the session works',
      async (t) => {
        const strict = await build(t, { ...(await backend.environment()), REFRESH_GRACE: '0' })
        const { body, headers, sid } = await logIn(strict, 'eve', token)
        const post = (refreshToken: string | undefined) =>
          strict.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken } })

        const first = await post(body['refreshToken'])
        t.equal(first.statusCode, 200)
        t.equal(first.headers['cache-control'], 'no-store')
        t.equal(first.headers['set-cookie'], undefined)
        const reply = first.json()
        const keys = ['accessToken', 'expiresIn', 'refreshExpiresIn', 'refreshToken', 'tokenType']
        t.strictSame(Object.keys(reply).sort(), keys)
        t.match(reply, { tokenType: 'Bearer', expiresIn: 900 })
        t.strictSame(Object.keys(body).sort(), [...keys, 'user'].sort(), 'as at the session, but for the user')
        t.equal(takeApart(reply.accessToken).claims['sid'], sid)
        t.not(takeApart(reply.accessToken).claims['jti'], takeApart(body['accessToken'] ?? '').claims['jti'])

        const reused = await post(body['refreshToken'])
        t.equal(`${reused.statusCode} ${reused.json().code}`, '401 REFRESH_TOKEN_REUSED')
        t.equal(reused.headers['www-authenticate'], 'Bearer error="invalid_token"')
        const newest = await post(reply.refreshToken)
        t.equal(`${newest.statusCode} ${newest.json().code}`, '401 TOKEN_REVOKED')
        for (const authorization of [`Bearer ${reply.accessToken}`, headers['authorization']]) {
          const whoami = await strict.inject({ method: 'GET', url: '/api/auth/whoami', headers: { authorization } })
          t.equal(`${whoami.statusCode} ${whoami.json().code}`, '401 TOKEN_REVOKED')
        }
      }
    )

    t.test('ASVS 10.4.5: over HTTP returns one successor to twenty concurrent requests', async (t) => {
      const racing = await build(t, { ...(await backend.environment()), REFRESH_GRACE: '1s' })
      const { body, sid } = await logIn(racing, 'eve', token)
      const { sessions } = racing.tables
      // After the grace period of the session, without waiting for it.
      await racing.db.update(sessions).set({ rotatedAt: new Date(Date.now() - 5000) })
      const payload = { refreshToken: body['refreshToken'] }
      const calls = Array.from({ length: 20 }, () =>
        racing.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
      )
      const replies = await Promise.all(calls)
      for (const reply of replies) t.equal(reply.statusCode, 200)
      t.equal(new Set(replies.map((reply) => reply.json().refreshToken)).size, 1)
      t.equal((await racing.sessions.find(sid))?.generation, 1)
    })
  })
}
