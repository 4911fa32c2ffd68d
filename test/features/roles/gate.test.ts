import t from 'tap'
import { backends, build, logIn, PASSWORD, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { outcome } from './calls.ts'

for (const [i, backend] of backends.entries()) {
  const transport = transports[i % transports.length]
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
}
