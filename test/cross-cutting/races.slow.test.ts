import t from 'tap'
import { backends, build, logIn, PASSWORD, signUp, transports } from '../build.ts'
import { call, renewedBy } from '../plugins/identity/auth/calls.ts'

// Concurrent calls, 2 to 20 at once and repeated: the rejection wins, and ended sessions stay ended.

const ROUNDS = 4
const NEXT = 'another long password'
const change = { currentPassword: PASSWORD, newPassword: NEXT }
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

for (const backend of backends) {
  for (const transport of transports) {
    t.test(`races by ${transport.kind} on ${backend.name}`, { skip: backend.skip }, async (t) => {
      const environment = await backend.environment()
      // Nearly every request touches the session, so that there is always a concurrent write.
      const app = await build(t, { ...environment, SESSION_TTL: '1', REFRESH_TOKEN_TTL: '60', FRESH_FOR: '1h' })
      const status = async (login: Parameters<typeof call>[1], line: string, body?: object) =>
        (await call(app, login, line, body)).statusCode
      const isDead = async (login: Parameters<typeof call>[1]) => (await status(login, 'GET /api/auth/whoami')) === 401

      t.test('ASVS 7.4.1: a logout during reads and writes of the session ends it', async (t) => {
        await signUp(app, 'ada')
        for (let i = 0; i < ROUNDS; i++) {
          const ada = await transport.logIn(app, 'ada')
          const calls = many(20, (j) =>
            status(ada, j === 7 ? 'POST /api/auth/logout' : j % 2 ? 'GET /api/users/me' : 'GET /api/auth/check-auth')
          )
          const statuses = await Promise.all(calls)
          t.equal(statuses[7], 204)
          t.strictSame(
            statuses.filter((code) => code >= 500),
            []
          )
          t.ok(await isDead(ada))
          t.ok(await isDead(ada), 'nor does a late write revive it')
        }
      })

      t.test('ASVS 7.4.2: a deletion during all other calls leaves no user and no active session', async (t) => {
        for (let i = 0; i < ROUNDS; i++) {
          const name = `gone-${i}`
          const { user, headers } = await logIn(app, name, transport)
          const login = { usernameOrEmail: name, password: PASSWORD, authType: transport.kind }
          const statuses = await Promise.all([
            status({ headers }, 'DELETE /api/users/me'),
            status({ headers }, 'PATCH /api/users/me', { name: 'Somebody' }),
            status({ headers }, 'POST /api/probe', { title: 'a', text: 'b' }),
            status({ headers }, 'GET /api/auth/sessions'),
            status({ headers }, 'PUT /api/users/me/password', change),
            ...many(4, () => status({ headers: {} }, 'POST /api/auth/login', login)),
            ...many(4, () => status({ headers }, 'GET /api/users/me'))
          ])
          t.strictSame(
            statuses.filter((code) => code >= 500),
            [],
            statuses.join()
          )
          if (statuses[0] !== 204) continue
          t.equal(await app.users.find(user.id), null)
          t.strictSame(await app.sessions.listLive(user.id, new Date()), [])
          t.ok(await isDead({ headers }))
        }
      })

      t.test('ASVS 6.2.3, 15.4.2: a password change during logins leaves no session of the old password', async (t) => {
        for (let i = 0; i < ROUNDS; i++) {
          const name = `changer-${i}`
          const { user, headers } = await logIn(app, name, transport)
          const login = { usernameOrEmail: name, password: PASSWORD, authType: transport.kind }
          const [changed, ...sessions] = await Promise.all([
            call(app, { headers }, 'PUT /api/users/me/password', change),
            // More than five tries at once would be slowed down, right or wrong.
            ...many(3, () => call(app, { headers: {} }, 'POST /api/auth/login', login))
          ])
          if (changed.statusCode >= 300) return t.fail(`the change answered ${changed.statusCode}`)
          const renewed = await renewedBy(app, transport, changed)
          t.equal(renewed.status, 200)
          const live = await app.sessions.listLive(user.id, new Date())
          t.strictSame(
            live.map(({ id }) => id),
            [renewed.sid],
            'all that logged in before it have ended'
          )
          for (const { statusCode } of sessions) t.ok([200, 401].includes(statusCode), `${statusCode}`)
        }
      })

      t.test('ASVS 7.5.2: revoking all sessions during logins leaves only the listed ones', async (t) => {
        const { user } = await logIn(app, 'ender', transport)
        for (let i = 0; i < ROUNDS; i++) {
          const ender = await transport.logIn(app, 'ender')
          const [ended, ...made] = await Promise.all([
            status(ender, 'DELETE /api/auth/sessions'),
            ...many(4, () => transport.logIn(app, 'ender'))
          ])
          t.equal(ended, 204)
          const listed = new Set((await app.sessions.listLive(user.id, new Date())).map(({ id }) => id))
          for (const login of made) t.equal(await isDead(login), !listed.has(login.sid))
          t.ok(await isDead(ender))
        }
      })

      t.test('ASVS 7.2.4: one of several concurrent renewals wins, and one session is left', async (t) => {
        const { user } = await logIn(app, 'renewer', transport)
        for (let i = 0; i < ROUNDS; i++) {
          await app.revocations.revokeAll(app, user.id, 'all', new Date())
          const login = await transport.logIn(app, 'renewer')
          const again = () => call(app, login, 'POST /api/auth/reauthenticate', { password: PASSWORD })
          const replies = await Promise.all(many(3, again))
          const won = replies.filter(({ statusCode }) => statusCode < 300)
          t.equal(won.length, 1)
          t.strictSame(
            replies.filter(({ statusCode }) => statusCode >= 500),
            []
          )
          const live = await app.sessions.listLive(user.id, new Date())
          t.strictSame(
            live.map(({ id }) => id),
            [(await renewedBy(app, transport, won[0] as never)).sid]
          )
        }
      })
    })
  }

  t.test(
    `ASVS 15.4.2: one of many concurrent sign-ups gets a name on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const sign = (username: string, i: number) => {
        const payload = { username, email: `${username}${i}@example.com`, name: 'Ada', password: PASSWORD }
        return app.inject({ method: 'POST', url: '/api/auth/signup', payload })
      }
      const replies = await Promise.all(many(8, (i) => sign('racer', i)))
      t.strictSame(replies.map(({ statusCode }) => statusCode).sort(), [201, ...many(7, () => 409)])
      const renamers = await Promise.all(many(4, (i) => logIn(app, `renamer-${i}`)))
      const renamed = await Promise.all(
        renamers.map((login) => call(app, login, 'PATCH /api/users/me', { username: 'wanted' }))
      )
      t.strictSame(renamed.map(({ statusCode }) => statusCode).sort(), [200, 409, 409, 409])
    }
  )
}
