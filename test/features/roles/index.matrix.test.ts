import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { build, buildWithLog, logIn, PASSWORD, signUp, someBackends, type Transport, transports } from '../../build.ts'
import { call, REVOKED } from '../../plugins/identity/auth/calls.ts'
import { forgetCached } from '../../plugins/identity/session/redis.ts'
import { type AdminUser, act, giveRole, logInAs, outcome, USERS, whoami } from './calls.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

for (const [i, backend] of someBackends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] as Transport
  const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind }

  t.test(`ASVS 7.4.5: an admin bans a user, which ends everything at once, on ${backend.name}`, options, async (t) => {
    const { app, lines } = await buildWithLog(t, await backend.environment())
    const admin = await logInAs(app, 'admin', 'root', transport)
    const ada = await logIn(app, 'ada', transport)
    const others = await Promise.all(transports.map((other) => other.logIn(app, 'ada')))
    const logInAgain = (password = PASSWORD) =>
      app.inject({ method: 'POST', url: '/api/auth/login', payload: { ...credentials, password } })
    const ban = `${USERS}/${ada.user.id}/ban`

    t.equal(await act(app, admin, `PUT ${ban}`), '204')
    t.equal(await whoami(app, ada), `401 ${REVOKED[transport.kind]}`)
    for (const other of others) t.match(await whoami(app, other), '401')
    const refused = await logInAgain()
    t.equal(outcome(refused), '403 ACCOUNT_BANNED')
    t.notOk(refused.headers['set-cookie'])
    t.equal(outcome(await logInAgain('a wrong password')), '401 INVALID_CREDENTIALS', 'only after all factors')
    const found = async () => (await call(app, admin, `GET ${USERS}/${ada.user.id}`)).json<AdminUser>()
    const { bannedAt } = await found()
    t.ok(bannedAt)
    t.equal(await act(app, admin, `PUT ${ban}`), '204', 'it can be repeated')

    t.equal(await act(app, admin, `DELETE ${ban}`), '204')
    t.equal(await act(app, admin, `DELETE ${ban}`), '204')
    t.match(await found(), { bannedAt: null })
    t.equal(outcome(await logInAgain()), '200')
    t.match(await whoami(app, ada), '401', 'what has ended stays so')

    const events = lines.filter(({ event }) => /^user_(un)?banned$/.test(`${event}`))
    t.match(events[0], { event: 'user_banned', userId: ada.user.id, by: admin.user.id })
    for (const event of events) t.notOk(Object.hasOwn(event, 'ip'), 'the user does not see where the admin is')
  })

  t.test(
    `ASVS 8.3.2: an admin gives roles, which count with the next request, on ${backend.name}`,
    options,
    async (t) => {
      const app = await build(t, await backend.environment())
      const admin = await logInAs(app, 'admin', 'root', transport)
      const ada = await logIn(app, 'ada', transport)
      const security = async () => (await call(app, ada, 'GET /api/users/me/security')).json()
      const role = `PUT ${USERS}/${ada.user.id}/role`
      const list = () => act(app, ada, `GET ${USERS}`)
      t.match(await security(), { role: 'user', permissions: [] })
      t.equal(await list(), '403 FORBIDDEN')
      t.equal(await act(app, ada, role, { role: 'admin' }), '403 FORBIDDEN')

      const reply = await call(app, admin, role, { role: 'support' })
      t.equal(reply.statusCode, 200)
      t.match(reply.json(), { id: ada.user.id, username: 'ada', role: 'support', bannedAt: null })
      t.equal(await list(), '200')
      const { permissions } = await security()
      t.strictSame(permissions, ['users:read', 'users:ban', 'users:sessions'])
      t.equal(await act(app, ada, role, { role: 'admin' }), '403 FORBIDDEN', 'nobody promotes themselves')
      for (const line of ['PUT ban', 'DELETE sessions']) {
        const [method, what] = line.split(' ')
        t.equal(
          await act(app, ada, `${method} ${USERS}/${admin.user.id}/${what}`),
          '403 FORBIDDEN',
          'nor acts on an admin'
        )
      }
      t.equal(await act(app, admin, role, { role: 'user' }), '200')
      t.equal(await list(), '403 FORBIDDEN')
      t.equal(await act(app, admin, role, { role: 'root' }), '400 VALIDATION_FAILED')

      t.equal(await act(app, admin, `DELETE ${USERS}/${ada.user.id}/sessions`), '204')
      t.match(await whoami(app, ada), '401')
      t.equal(await whoami(app, admin), '200')
      await t.resolves(transport.logIn(app, 'ada'), 'the user may log in again')
    }
  )

  t.test(
    `a ban that is committed after the gate has looked still wins, on ${backend.name}`,
    {
      skip: backend.skip
    },
    async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      let asked = 0
      app.gates.push(async ({ user }) => {
        asked++
        await app.roleChanges.ban({ log: app.log }, null, user.id, new Date())
        return {}
      })
      const payload = {
        usernameOrEmail: 'ada',
        password: PASSWORD,
        authType: ada.body['accessToken'] ? 'token' : 'cookie'
      }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
      t.equal(outcome(reply), '403 ACCOUNT_BANNED', 'asked again, it says why')
      t.equal(asked, 1)
      t.notOk(reply.headers['set-cookie'])
      t.match(outcome(await call(app, ada, 'GET /api/auth/whoami')), '401')
      const live = (await app.sessions.listLive(ada.user.id, new Date())).length
      t.equal(live, 0)
    }
  )

  t.test(`one admin is always left, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const ada = await logInAs(app, 'admin', 'ada', transport)
    const own = `${USERS}/${ada.user.id}`
    const endings = [`PUT ${own}/ban`, `PUT ${own}/role`, 'DELETE /api/users/me'] as const
    for (const line of endings)
      t.equal(await act(app, ada, line, line.endsWith('role') ? { role: 'user' } : undefined), '409 LAST_ADMIN', line)
    t.equal(await whoami(app, ada), '200')

    const eve = await logInAs(app, 'admin', 'eve', transport)
    const demote = (by: typeof ada, whom: typeof ada) =>
      act(app, by, `PUT ${USERS}/${whom.user.id}/role`, { role: 'user' })
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.all([demote(ada, eve), demote(eve, ada)])
      t.equal(outcomes.filter((one) => one === '200').length, 1, `two who demote each other: ${outcomes}`)
      for (const { user } of [ada, eve]) await giveRole(app, user.id, 'admin')
    }
    const leave = [act(app, ada, 'DELETE /api/users/me'), act(app, eve, 'DELETE /api/users/me')]
    t.strictSame((await Promise.all(leave)).sort(), ['204', '409 LAST_ADMIN'], 'two who delete their accounts')
  })

  t.test(`an admin finds users, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const admin = await logInAs(app, 'admin', 'root', transport)
    const now = new Date()
    for (let n = 0; n < 24; n++)
      await app.users.create({ username: `Person${n}`, email: `p_${n}@example.com`, name: 'P', passwordHash: '' }, now)
    const list = async (query: string) =>
      (await call(app, admin, `GET ${USERS}?${query}`)).json<{ users: AdminUser[]; nextCursor: string | null }>()
    const names = async (query: string) =>
      (await list(`query=${encodeURIComponent(query)}`)).users.map((user) => user.username)

    const first = await list('')
    t.equal(first.users.length, 20)
    const second = await list(`cursor=${first.nextCursor}`)
    t.equal(second.nextCursor, null)
    const all = [...first.users, ...second.users]
    t.equal(new Set(all.map(({ id }) => id)).size, 25)
    t.strictSame(Object.keys(all.at(-1) ?? {}), [
      ...['id', 'username', 'email', 'name', 'createdAt'],
      ...['role', 'bannedAt', 'lastSeenAt']
    ])
    t.match(all.at(-1), { username: 'root', role: 'admin', bannedAt: null, lastSeenAt: /^20.*Z$/ })
    t.match(all[0], { username: /^Person/, role: 'user', lastSeenAt: null })
    t.strictSame((await names('ERSON2')).sort(), ['Person2', 'Person20', 'Person21', 'Person22', 'Person23'])
    t.strictSame(await names('p_7@EXAMPLE'), ['Person7'], 'by address')
    for (const text of ['%', 'p_2_', '\\', "' or 1=1 --", 'nobody'])
      t.strictSame(await names(text), [], `${text} stands for itself`)
    t.equal(await act(app, admin, `GET ${USERS}?query=${'x'.repeat(255)}`), '400 VALIDATION_FAILED')
    for (const id of [NOBODY, 'x', 'me']) t.equal(await act(app, admin, `GET ${USERS}/${id}`), '404 USER_NOT_FOUND')
  })
}

const first = transports[0] as Transport
const calls = (id: string) =>
  [
    [`GET ${USERS}`],
    [`GET ${USERS}/${id}`],
    [`PUT ${USERS}/${id}/ban`],
    [`DELETE ${USERS}/${id}/ban`],
    [`PUT ${USERS}/${id}/role`, { role: 'support' }],
    [`DELETE ${USERS}/${id}/sessions`]
  ] as const

t.test('ASVS 8.2.1: every call of an admin needs the permission and a fresh session', async (t) => {
  const app = await build(t)
  const ada = await signUp(app, 'ada')
  const user = await logIn(app, 'eve', first)
  const admin = await logInAs(app, 'admin', 'root', first)
  for (const [line, payload] of calls(ada.id)) {
    t.equal(await act(app, { headers: {} }, line, payload), '401 UNAUTHENTICATED', line)
    t.equal(await act(app, user, line, payload), '403 FORBIDDEN', line)
    t.match(await act(app, admin, line, payload), /^20[04]$/, line)
  }
  await app.db.update(app.tables.sessions).set({ authenticatedAt: new Date(0) })
  await forgetCached(app)
  for (const [line, payload] of calls(ada.id))
    t.equal(await act(app, admin, line, payload), '403 REAUTHENTICATION_REQUIRED', line)
})

t.test('with ADMIN_SECOND_FACTOR, a session without a second factor is not enough', async (t) => {
  const app = await build(t, { ADMIN_SECOND_FACTOR: 'true' })
  const admin = await logInAs(app, 'admin', 'root', first)
  const { id } = await signUp(app, 'ada')
  for (const [line, payload] of calls(id))
    t.equal(await act(app, admin, line, payload), '403 SECOND_FACTOR_NOT_ENABLED', line)
  const { sessions } = app.tables
  await app.db.update(sessions).set({ methods: 'pwd otp mfa' }).where(eq(sessions.id, admin.sid))
  t.equal(await act(app, admin, `GET ${USERS}`), '403 SECOND_FACTOR_NOT_ENABLED', 'nor one whose factor was removed')
})
