import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import { createPasswordAttempts } from '../../../../src/plugins/identity/auth/password-attempt.ts'
import type { User } from '../../../../src/plugins/identity/users/tables.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, buildWithLog, PASSWORD, signUp, transports } from '../../../build.ts'

/** Verifies a password as a login does, then runs the work of the test. */
function logIn<T>(app: FastifyInstance, password: string, work: (user: User) => Promise<T | null>) {
  const request = { log: app.log, headers: {}, ip: '127.0.0.1', socket: {}, id: 'a request', account: null }
  const attempt = { who: { name: 'ada' }, password, kind: 'token' as const, failure: 'authn_login_fail' as const }
  return createPasswordAttempts(app)(request as unknown as FastifyRequest, attempt, work)
}

t.test('a login starts over if the user changed in the meantime', async (t) => {
  const app = await build(t)
  const { id } = await signUp(app, 'ada')
  const seen: string[] = []
  const reply = await logIn(app, PASSWORD, async (user) => {
    seen.push(user.passwordHash)
    // Another login replaced the hash of the same password.
    if (seen.length === 1) await app.users.rehash(id, user.passwordHash, await app.passwords.hash(PASSWORD))
    return seen.length === 1 ? null : { user: user.id }
  })
  t.strictSame(reply, { user: id })
  t.equal(new Set(seen).size, 2, 'the second time with the new hash')
})

t.test('a login fails if the password was changed or the user deleted in the meantime', async (t) => {
  const app = await build(t)
  const { users } = app.tables
  const { id } = await signUp(app, 'ada')
  const passwordHash = await app.passwords.hash('another password')
  const changed = logIn(app, PASSWORD, async () => {
    await app.db.update(users).set({ passwordHash }).where(eq(users.id, id))
    return null
  })
  await t.rejects(changed, { code: 'INVALID_CREDENTIALS', statusCode: 401 })

  const deleted = logIn(app, 'another password', async () => {
    await app.db.delete(users).where(eq(users.id, id))
    return null
  })
  await t.rejects(deleted, { code: 'INVALID_CREDENTIALS', statusCode: 401 })
})

t.test('a login does not start over forever', async (t) => {
  const app = await build(t)
  await signUp(app, 'ada')
  let count = 0
  const endless = logIn(app, PASSWORD, async () => {
    count++
    return null
  })
  await t.rejects(endless, { code: 'SERVICE_UNAVAILABLE' })
  t.equal(count, 3)
})

t.test('a login succeeds even if its hash cannot be upgraded, and the log says so', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { id } = await signUp(app, 'ada')
  app.passwords.isWeak = () => true
  app.users.rehash = async () => Promise.reject(new Error('disk full'))
  for (const { kind } of transports) {
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: kind }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    t.equal(reply.statusCode, 200)
    t.match(reply.json(), { user: { id } })
  }
  const said = lines.filter(({ msg }) => msg === 'could not upgrade the password hash')
  t.match(
    said,
    transports.map(() => ({ level: 'warn', userId: id }))
  )
})
