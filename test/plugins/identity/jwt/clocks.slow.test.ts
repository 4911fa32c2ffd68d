import t from 'tap'
import { buildWithLog, PASSWORD } from '../../../build.ts'
import { shiftedClock } from '../../../clock.ts'
import { freshFolder, post, settled, signUpBy, startListening } from '../../../process.ts'
import { migratedPostgresUri } from '../../../servers.ts'

t.test('the log says that a rejected token comes from a clock that is ahead', async (t) => {
  const environment = { ...settled, DB_URI: await migratedPostgresUri(), DB_MIGRATE: 'auto' }
  const ahead = await startListening(t, freshFolder(t), { ...environment, ...shiftedClock(120) })
  const { app, lines } = await buildWithLog(t, environment)
  await signUpBy(ahead.url, 'ada')
  const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
  const tokens = (await (await post(`${ahead.url}/api/auth/login`, login)).json()) as Record<string, string>

  const calls = [
    { method: 'GET', url: '/api/auth/whoami', headers: { authorization: `Bearer ${tokens['accessToken']}` } },
    { method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken: tokens['refreshToken'] } }
  ] as const
  for (const call of calls) {
    const reply = await app.inject(call)
    t.equal(reply.statusCode, 401)
    t.equal(reply.json().code, 'INVALID_TOKEN')
  }

  const told = lines.filter(({ event }) => event === 'authn_token_invalid').map(({ reason }) => reason)
  t.strictSame(told, ['TOKEN_NOT_YET_VALID', 'TOKEN_NOT_YET_VALID'])
})
