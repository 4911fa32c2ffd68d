import t from 'tap'
import { createEncryption } from '../../../src/features/second-factor/encryption.ts'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { tryEveryWayIn } from '../../plugins/http/docs/ways-in.ts'

t.test('ASVS 6.3.4: no operation gives a user with a second factor a session without it', async (t) => {
  const now = new Date()
  const enabled = { confirmedAt: now, hourEndsAt: now, nextTryAt: now }
  let added: string[] = []
  const ways = await tryEveryWayIn(t, {
    async close({ db, tables: { totp }, users, config }, { user }) {
      // A sign-up asks before its account exists: nobody can have set up anything.
      if ((await users.find(user.id)) === null) return
      const secret = createEncryption(config.ENCRYPTION_KEY ?? [], 'totp').encrypt('JBSWY3DPEHPK3PXP', user.id)
      const rows = await db
        .insert(totp)
        .values({ userId: user.id, secret, ...enabled })
        .onConflictDoNothing()
        .returning()
      added = rows.map(({ userId }) => userId)
    },
    async open({ db, tables: { totp } }) {
      for (const userId of added.splice(0)) await db.delete(totp).where(eq(totp.userId, userId))
    }
  })
  const passed = ways.filter(({ outcome, call }) => outcome === 'passed' && !call.endsWith('/signup'))
  for (const { call, methods } of passed) t.ok(methods.includes('mfa'), `${call} passed with a second factor`)
  const refused = ways.filter(({ outcome }) => outcome !== 'passed')
  for (const { call, outcome } of refused) t.equal(outcome, '401 SECOND_FACTOR_REQUIRED', call)
  const calls = refused.map(({ call }) => call)
  for (const call of ['POST /api/auth/login', 'POST /api/auth/reauthenticate']) t.ok(calls.includes(call), call)
})
