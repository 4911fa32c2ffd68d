import t from 'tap'
import { logIn } from '../../../src/plugins/auth/credentials.ts'
import { eq } from '../../../src/plugins/db/drizzle.ts'
import { build, buildWithLog, PASSWORD, signUp } from '../../build.ts'

t.test('a login begins again when the user changed meanwhile', async (t) => {
  const app = await build(t)
  const { id } = await signUp(app, 'ada')
  const seen: string[] = []
  const reply = await logIn(app, { usernameOrEmail: 'ada', password: PASSWORD }, async (user) => {
    seen.push(user.passwordHash)
    // Another login renewed the hash, of the same password.
    if (seen.length === 1) await app.users.rehash(id, user.passwordHash, await app.passwords.hash(PASSWORD))
    return seen.length === 1 ? null : { user: user.id }
  })
  t.strictSame(reply, { user: id })
  t.equal(new Set(seen).size, 2, 'the second time with the new hash')
})

t.test('a login fails when the password was changed or the user deleted meanwhile', async (t) => {
  const app = await build(t)
  const { users } = app.tables
  const credentials = { usernameOrEmail: 'ada', password: PASSWORD }
  const { id } = await signUp(app, 'ada')
  const passwordHash = await app.passwords.hash('another password')
  const changed = logIn(app, credentials, async () => {
    await app.db.update(users).set({ passwordHash }).where(eq(users.id, id))
    return null
  })
  await t.rejects(changed, { code: 'INVALID_CREDENTIALS', statusCode: 401 })

  const deleted = logIn(app, { ...credentials, password: 'another password' }, async () => {
    await app.db.delete(users).where(eq(users.id, id))
    return null
  })
  await t.rejects(deleted, { code: 'INVALID_CREDENTIALS', statusCode: 401 })
})

t.test('a login does not begin again for ever', async (t) => {
  const app = await build(t)
  await signUp(app, 'ada')
  let count = 0
  const endless = logIn(app, { usernameOrEmail: 'ada', password: PASSWORD }, async () => {
    count++
    return null
  })
  await t.rejects(endless, { code: 'INVALID_CREDENTIALS' })
  t.equal(count, 3)
})

t.test('a hash that could not be renewed stops no login, and the log says so', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { id } = await signUp(app, 'ada')
  const weakened = Object.assign(Object.create(app), {
    passwords: { ...app.passwords, isWeak: () => true },
    users: { ...app.users, rehash: async () => Promise.reject(new Error('disk full')) }
  })
  const reply = await logIn(weakened, { usernameOrEmail: 'ada', password: PASSWORD }, async (user) => user.id)
  t.equal(reply, id)
  t.match(lines.at(-1), { level: 'warn', userId: id, msg: 'the password hash could not be renewed' })
})
