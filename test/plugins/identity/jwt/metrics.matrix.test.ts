import t from 'tap'
import { logIn, someBackends } from '../../../build.ts'
import { buildMeasured } from '../../../features/metrics/scrape.ts'
import { token } from './transport.ts'

t.test('refreshes count as rotated, as grace, or as reuse, which ends the session', async (t) => {
  const { app, values } = await buildMeasured(t, { REFRESH_GRACE: '1s' })
  const { sid, body } = await logIn(app, 'ada', token)
  const refresh = (refreshToken: string | undefined) =>
    app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken } })
  /** Moves the last rotation back in time. */
  const age = async (ms: number) => {
    const { sessions } = app.tables
    await app.db.update(sessions).set({ rotatedAt: new Date(Date.now() - ms) })
  }
  const counts = async () => {
    const now = await values()
    return ['rotated', 'grace', 'reuse'].map((result) => now[`token_refreshes_total{result="${result}"}`])
  }
  t.strictSame(await counts(), [0, 0, 0], 'all begin at 0')
  await age(0)
  t.equal((await refresh(body['refreshToken'])).statusCode, 200)
  t.strictSame(await counts(), [0, 1, 0])
  await age(2000)
  const rotated = await refresh(body['refreshToken'])
  t.equal(rotated.statusCode, 200)
  t.strictSame(await counts(), [1, 1, 0])
  await age(2000)
  t.equal((await refresh(body['refreshToken'])).json().code, 'REFRESH_TOKEN_REUSED')
  t.strictSame(await counts(), [1, 1, 1])
  t.equal((await refresh(rotated.json().refreshToken)).json().code, 'TOKEN_REVOKED')
  t.strictSame(await counts(), [1, 1, 1], `once for the login ${sid}`)
})

for (const { name, skip, environment } of someBackends) {
  t.test(`a gauge shows how many sessions are on the blocklist on ${name}`, { skip }, async (t) => {
    const { app, values } = await buildMeasured(t, await environment())
    t.equal((await values())['blocklist_entries'], 0)
    for (const username of ['ada', 'eve']) {
      const { headers } = await logIn(app, username, token)
      await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
    }
    await logIn(app, 'bob', token)
    t.equal((await values())['blocklist_entries'], 2)
  })
}
