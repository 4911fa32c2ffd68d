import t from 'tap'
import { build, logIn } from '../../../build.ts'
import { recordedEvents } from '../../../features/events/recorded.ts'
import { token } from './transport.ts'

t.test('ASVS 16.3.1: the reuse of a refresh token is stored', async (t) => {
  const app = await build(t, { REFRESH_GRACE: '0' })
  const { user, sid, body } = await logIn(app, 'ada', token)
  const payload = { refreshToken: body['refreshToken'] }
  for (const status of [200, 401])
    t.equal((await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })).statusCode, status)
  const reuse = (await recordedEvents(app)).find(({ event }) => event === 'authn_token_reuse')
  t.match(reuse, { userId: user.id, sid, kind: 'token' })
})
