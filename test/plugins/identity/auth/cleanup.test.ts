import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { deleteEnded, ENDS } from '../../../../src/plugins/identity/auth/cleanup.ts'
import type { Session } from '../../../../src/plugins/identity/auth/tables.ts'
import { backends, buildWithLog, signUp, transports } from '../../../build.ts'
import { makeLogin } from './made.ts'

const NOW = new Date('2026-03-01T12:00:00.000Z')
async function deleteAll(app: FastifyInstance, now: Date) {
  for (const end of ENDS) while (await deleteEnded(app, end, now));
}
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000)

for (const backend of backends) {
  t.test(
    `ASVS 14.2.7: sessions are deleted a day after they ended, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { app, lines } = await buildWithLog(t, await backend.environment())
      const { id: userId } = await signUp(app, 'ada')
      const kind = transports[0]?.kind ?? 'cookie'
      const carrier = { kind, secretHash: null, remember: true, ip: null, userAgent: null, idleTtl: 1e6, maxAge: 2e6 }
      const user = await app.users.find(userId)
      const template = user && (await makeLogin(app.sessions, user, carrier, hoursAgo(500)))
      if (!template) return t.fail('no login was made')
      let count = 0
      const row = (changes: Partial<Session>): Session => ({
        ...{ ...template, expiresAt: hoursAgo(-1), absoluteExpiresAt: hoursAgo(-2), ...changes },
        id: `01900000-0000-7000-8000-${`${++count}`.padStart(12, '0')}`
      })
      const kept = [
        row({}),
        row({ expiresAt: hoursAgo(23) }),
        row({ revokedAt: hoursAgo(23), revokedReason: 'logout' }),
        // It was revoked only recently, but had been idle for so long that none of its tokens is still valid.
        row({ expiresAt: hoursAgo(1), revokedAt: hoursAgo(2), revokedReason: 'revoked' })
      ]
      const gone = [
        row({ expiresAt: hoursAgo(25) }),
        row({ expiresAt: hoursAgo(26), absoluteExpiresAt: hoursAgo(26) }),
        row({ revokedAt: hoursAgo(25), revokedReason: 'logout' })
      ]
      const crowd = Array.from({ length: 1100 }, () => row({ revokedAt: hoursAgo(30), revokedReason: 'revoked' }))
      const { sessions } = app.tables
      await app.db.delete(sessions)
      for (const rows of [kept, gone, crowd.slice(0, 600), crowd.slice(600)]) await app.db.insert(sessions).values(rows)

      await deleteAll(app, NOW)
      const left = (await app.db.select({ id: sessions.id }).from(sessions)).map(({ id }) => id).sort()
      t.strictSame(left, kept.map(({ id }) => id).sort())
      const said = lines.filter(({ event }) => event === 'session_expired')
      t.strictSame(
        new Map(said.map(({ sid, reason }) => [sid, reason])),
        new Map([
          [gone[0]?.id, 'idle'],
          [gone[1]?.id, 'absolute']
        ])
      )
    }
  )

  t.test(
    `ASVS 14.2.7: a revoked session is not deleted while one of its access tokens may be valid, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      if (!transports.some(({ kind }) => kind === 'token')) return
      const { app } = await buildWithLog(t, await backend.environment())
      const { id: userId } = await signUp(app, 'ada')
      const user = await app.users.find(userId)
      const carrier = {
        kind: 'token' as const,
        secretHash: null,
        remember: true,
        ip: null,
        userAgent: null,
        accessTtl: 72 * 3600,
        idleTtl: 1e7,
        maxAge: 2e7
      }
      const login = user && (await makeLogin(app.sessions, user, carrier, hoursAgo(500)))
      if (!login) return t.fail('no login was made')
      // Exactly one token lifetime ago. Replicas whose clocks are behind accept such a token a little longer.
      await app.revocations.revoke(app, login.id, 'logout', hoursAgo(72))
      await deleteAll(app, NOW)
      t.ok(await app.sessions.find(login.id))
      await deleteAll(app, hoursAgo(-2))
      t.equal(await app.sessions.find(login.id), null)
    }
  )
}
