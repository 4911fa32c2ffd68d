import t from 'tap'
import { build, logIn, PASSWORD, transports } from '../../build.ts'
import { addressOf, openStream } from './client.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

t.test('users hear of a login on a new device, and of what changes how they log in', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const stream = await openStream(await addressOf(app), ada.headers)
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
  const headers = { 'user-agent': FIREFOX }
  for (let login = 0; login < 2; login++)
    t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', headers, payload })).statusCode, 200)
  await app.audit.record(app, 'authn_password_change', { userId: ada.user.id, reason: 'reset' })
  await stream.wait('message', 2)
  const data = { event: 'new_device', reason: null, browser: 'Firefox', ip: '127.0.0.1' }
  const found = stream.events.filter(({ event }) => event === 'message').map((one) => one.data)
  t.match(found, [
    { type: 'security', data },
    { type: 'security', data: { event: 'authn_password_change', reason: 'reset', browser: null, ip: null } }
  ])
})
