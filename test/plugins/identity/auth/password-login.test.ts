import t from 'tap'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { build, buildWithLog, logIn, PASSWORD, transports } from '../../../build.ts'

for (const transport of transports) {
  t.test(`a login by ${transport.kind} is remembered unless the client opts out`, async (t) => {
    const app = await build(t)
    const { user } = await logIn(app, 'ada', transport)
    await app.db.delete(app.tables.sessions)
    const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind }
    for (const remember of [undefined, true, false]) {
      const payload = { ...credentials, ...(remember !== undefined && { remember }) }
      await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    }
    const sessions = await app.sessions.listLive(user.id, new Date())
    t.strictSame(sessions.map(({ remember }) => remember).sort(), [false, true, true])
  })

  t.test(`a password confirmed by ${transport.kind} is recorded as a reauthentication`, async (t) => {
    const { app, lines } = await buildWithLog(t)
    const { user, headers } = await logIn(app, 'ada', transport)
    lines.length = 0

    await app.inject({ method: 'POST', url: '/api/auth/reauthenticate', headers, payload: { password: PASSWORD } })

    t.match(
      lines.filter(({ event }) => event === 'authn_login_success'),
      [{ userId: user.id, kind: transport.kind, reason: 'reauthentication' }]
    )
    const [login] = await app.sessions.listLive(user.id, new Date())
    t.match(
      lines.filter(({ event }) => event === 'session_renewed'),
      [{ userId: user.id, sid: login?.id }]
    )
  })
}

t.test('ASVS 2.4.1: taken names count against the client, but our own failures do not', async (t) => {
  const app = await build(t)
  await logIn(app, 'ada')
  const { refuseTaken } = app.users
  const signUp = async (username: string, email: string) => {
    const payload = { username, email, name: 'Ada', password: PASSWORD }
    return (await app.inject({ method: 'POST', url: '/api/auth/signup', payload })).statusCode
  }
  app.users.refuseTaken = async () => {
    throw new ServiceUnavailable()
  }
  for (let i = 0; i < 101; i++) t.equal(await signUp('eve', 'eve@example.com'), 503)
  app.users.refuseTaken = refuseTaken
  for (let i = 0; i < 100; i++) t.equal(await signUp('eve', 'ada@example.com'), 409)
  t.equal(await signUp('eve', 'eve@example.com'), 429, 'a free name too: the reply tells nothing more')
})

t.test('ASVS 15.2.2: sign-ups wait for a hash in a queue of their own', async (t) => {
  const app = await build(t)
  const { hash } = app.passwords
  const lanes: (string | undefined)[] = []
  app.passwords.hash = (password, lane) => {
    lanes.push(lane)
    return hash(password, lane)
  }
  const { headers } = await logIn(app, 'ada')
  const payload = { currentPassword: PASSWORD, newPassword: 'another long password' }
  const reply = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload })
  t.ok(reply.statusCode < 300)
  t.strictSame(lanes, ['signUps', undefined])
})
