import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { NewTicket } from '../../../../src/plugins/identity/tickets/tickets.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { allRows, backends, build, logIn, PASSWORD, signUp } from '../../../build.ts'
import { call } from '../auth/calls.ts'

const CODE = 'AB01-XYZ9'
const TTL = 600
const INVALID = { code: 'TICKET_INVALID', statusCode: 401 }
const later = (seconds: number) => new Date(Date.now() + seconds * 1000)

/** A ticket to reset a password, unless told otherwise. */
function create(app: FastifyInstance, changes: Partial<NewTicket> = {}) {
  return app.tickets.create({ purpose: 'reset', ttl: TTL, ...changes }, new Date())
}
async function userOf(app: FastifyInstance, name: string) {
  const user = await app.users.findByName(name)
  if (user === null) throw new Error(`there is no user ${name}`)
  return user
}
/** Uses a ticket up, together with a change of the user's name. Returns whether both happened. */
async function rename(app: FastifyInstance, secret: string, name: string, fail = false) {
  const { users } = app.tables
  const ticket = await app.tickets.attempt(secret, 'reset', new Date())
  const done = await app.transaction({
    preconditions: app.tickets.take(ticket, new Date()),
    steps: {
      renamed: (tx) =>
        tx
          .update(users)
          .set({ name: fail ? (null as unknown as string) : name })
          .where(eq(users.id, ticket.userId ?? ''))
          .returning()
    }
  })
  return done !== null
}

for (const backend of backends) {
  const test = (title: string, work: (t: Test, app: FastifyInstance) => Promise<unknown>) =>
    t.test(`${title}, on ${backend.name}`, { skip: backend.skip }, async (t) => {
      await work(t, await build(t, await backend.environment()))
    })

  test('a ticket is tried, and used up together with its effect', async (t, app) => {
    await signUp(app, 'ada')
    const user = await userOf(app, 'ada')
    const { ticket, expiresAt } = await create(app, { user, code: CODE, data: { email: 'ada@example.com' } })
    t.ok(Math.abs(expiresAt.getTime() - later(TTL).getTime()) < 5000)
    t.equal(Buffer.from(ticket, 'base64url').length, 32)

    const tried = await app.tickets.attempt(ticket, 'reset', new Date(), user.id)
    t.match(tried, { userId: user.id, sessionId: null, attempts: 1, data: { email: 'ada@example.com' } })
    for (const spelling of [CODE, 'ab01-xyz9', 'AB01XYZ9', ' abOi xyz9 ', 'ABol-XYZ9'])
      t.doesNotThrow(() => app.tickets.requireCode(tried, ticket, spelling), spelling)
    for (const wrong of ['AB01-XYZ8', '', 'AB01-XYZ', 'AB01-XYZ99', ticket])
      t.throws(() => app.tickets.requireCode(tried, ticket, wrong), { code: 'INVALID_CODE', statusCode: 401 }, wrong)

    t.equal(await rename(app, ticket, 'used'), true)
    t.equal((await userOf(app, 'ada')).name, 'used')
    await t.rejects(rename(app, ticket, 'again'), INVALID)
    t.equal(await app.db.$count(app.tables.tickets), 0)
  })

  test('a ticket and its effect happen both or not at all', async (t, app) => {
    await signUp(app, 'ada')
    const { name } = await userOf(app, 'ada')
    const { ticket } = await create(app, { user: await userOf(app, 'ada') })
    await t.rejects(rename(app, ticket, '', true))
    t.equal((await userOf(app, 'ada')).name, name)
    t.equal(await rename(app, ticket, 'used'), true, 'the ticket was not lost')
  })

  test('of concurrent calls with one ticket, one succeeds', async (t, app) => {
    await signUp(app, 'ada')
    const { ticket } = await create(app, { user: await userOf(app, 'ada') })
    const tries = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => rename(app, ticket, `name ${i}`)))
    const done = tries.filter((one) => one.status === 'fulfilled' && one.value)
    t.equal(done.length, 1)
  })

  test('a ticket is tried five times, also at once', async (t, app) => {
    const { ticket } = await create(app)
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => app.tickets.attempt(ticket, 'reset', new Date()))
    )
    t.equal(tries.filter(({ status }) => status === 'fulfilled').length, 5)
    await t.rejects(app.tickets.attempt(ticket, 'reset', new Date()), INVALID)
  })

  test('every reason to refuse a ticket gives the same error, and costs its owner no try', async (t, app) => {
    const eve = await signUp(app, 'eve')
    await signUp(app, 'ada')
    const user = await userOf(app, 'ada')
    const { ticket } = await create(app, { user })
    const { ticket: other } = await create(app, { user, code: CODE })
    for (const [why, secret, purpose, now, owner] of [
      ['unknown', 'no such ticket', 'reset', new Date(), user.id],
      ['empty', '', 'reset', new Date(), user.id],
      ['another purpose', ticket, 'email', new Date(), user.id],
      ['another user', ticket, 'reset', new Date(), eve.id],
      ['expired', ticket, 'reset', later(TTL + 1), user.id]
    ] as const)
      await t.rejects(app.tickets.attempt(secret, purpose, now, owner), INVALID, why)
    const tried = await app.tickets.attempt(ticket, 'reset', new Date(), user.id)
    t.equal(tried.attempts, 1)
    t.throws(() => app.tickets.requireCode(tried, ticket, CODE), { code: 'INVALID_CODE' }, 'the code of another ticket')
    const tooLate = await app.transaction({ preconditions: app.tickets.take(tried, later(TTL + 1)) })
    t.equal(tooLate, null, 'it expired between the try and its use')
    t.ok(await app.tickets.attempt(other, 'reset', new Date()))
  })

  test('a ticket ends with the credentials of its user', async (t, app) => {
    const ada = await logIn(app, 'ada')
    const user = await userOf(app, 'ada')
    const given = await Promise.all([create(app, { user }), create(app, { user })])
    const [tried, waiting] = given.map(({ ticket }) => ticket) as [string, string]
    const ticket = await app.tickets.attempt(tried, 'reset', new Date())
    // A rehash keeps the password.
    await app.users.rehash(user.id, user.passwordHash, await app.passwords.hash(PASSWORD))
    t.ok(await app.tickets.attempt(waiting, 'reset', new Date()))

    const change = { currentPassword: PASSWORD, newPassword: 'another long password' }
    t.ok((await call(app, ada, 'PUT /api/users/me/password', change)).statusCode < 300)
    await t.rejects(app.tickets.attempt(waiting, 'reset', new Date()), INVALID)
    t.equal(await app.transaction({ preconditions: app.tickets.take(ticket, new Date()) }), null, 'tried before')

    const { ticket: stale } = await create(app, { user })
    await t.rejects(app.tickets.attempt(stale, 'reset', new Date()), INVALID, 'made for the credentials from before')
    const { ticket: last } = await create(app, { user: await userOf(app, 'ada') })
    await app.revocations.resetPassword(app, user.id, await app.passwords.hash(PASSWORD), new Date())
    await t.rejects(app.tickets.attempt(last, 'reset', new Date()), INVALID, 'a reset from the shell')

    const { ticket: orphan } = await create(app, { user: await userOf(app, 'ada') })
    await app.revocations.deleteUser(app, user.id, new Date())
    await t.rejects(app.tickets.attempt(orphan, 'reset', new Date()), INVALID, 'the user is gone')
  })

  test('a ticket ends with its session', async (t, app) => {
    const { user, sid, headers } = await logIn(app, 'ada')
    const owner = await userOf(app, 'ada')
    const own = { user: owner, sessionId: sid }
    const given = await Promise.all([create(app, own), create(app, own)])
    const [tried, waiting] = given.map(({ ticket }) => ticket) as [string, string]
    const ticket = await app.tickets.attempt(tried, 'reset', new Date(), user.id)
    t.equal(ticket.sessionId, sid)
    t.equal((await call(app, { headers }, 'POST /api/auth/logout')).statusCode, 204)
    await t.rejects(app.tickets.attempt(waiting, 'reset', new Date(), user.id), INVALID)
    t.equal(await app.transaction({ preconditions: app.tickets.take(ticket, new Date()) }), null, 'tried before')
  })

  test('the database has neither the secret of a ticket nor its code', async (t, app) => {
    const { ticket } = await create(app, { code: CODE, data: { state: 'open' } })
    const dump = JSON.stringify(await allRows(app))
    t.match(dump, 'codeHash')
    for (const text of [ticket, CODE, CODE.replace('-', '')]) t.notOk(dump.includes(text))
  })

  test('ASVS 2.4.1: one client has a bounded number of tickets without signing in', async (t, app) => {
    const one = (client: string) => create(app, { client, ttl: 60 })
    await one('192.0.2.1')
    const [row] = await app.db.select().from(app.tables.tickets)
    if (!row) return t.fail('no ticket was made')
    const others = Array.from({ length: 299 }, (_, i) => ({ ...row, secretHash: `hash ${i}` }))
    await app.db.insert(app.tables.tickets).values(others)
    await t.rejects(one('192.0.2.1'), { code: 'TOO_MANY_ATTEMPTS', statusCode: 429 })
    t.ok(await one('192.0.2.2'))
    t.ok(await create(app), 'a signed-in user')
  })

  test('ASVS 14.2.7: expired tickets are deleted in batches', async (t, app) => {
    for (let i = 0; i < 3; i++) await create(app, { ttl: 60 })
    const { ticket } = await create(app)
    t.equal(await app.tickets.deleteExpired(later(120)), false)
    t.equal(await app.db.$count(app.tables.tickets), 1)
    t.ok(await app.tickets.attempt(ticket, 'reset', new Date()))
  })
}

t.test('a ticket is no credential', async (t) => {
  const app = await build(t)
  const user = await signUp(app, 'ada')
  const { ticket } = await create(app, { user: { ...user, credentialVersion: 0 } })
  const names = ['sid', 'sid-3000', 'refresh', 'refresh-3000', '__Host-sid', '__Host-refresh']
  for (const headers of [
    { authorization: `Bearer ${ticket}` },
    { cookie: names.map((name) => `${name}=${ticket}`).join('; ') }
  ])
    t.equal((await app.inject({ method: 'GET', url: '/api/users/me', headers })).statusCode, 401)
  const refresh = await app.inject({
    method: 'POST',
    url: '/api/auth/token-refresh',
    payload: { refreshToken: ticket }
  })
  t.notOk([200, 500].includes(refresh.statusCode))
})
