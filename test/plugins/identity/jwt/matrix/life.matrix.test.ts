import t, { type Test } from 'tap'
import { build, logIn, PASSWORD, someBackends } from '../../../../build.ts'
import { token } from '../transport.ts'
import { checkAlive, checkEnded } from './ended.ts'
import { keyring } from './target.ts'

const environmentOf = async (t: Test, backend: (typeof someBackends)[number]) => ({
  DB_URI: `file:${t.testdir()}/app.db`,
  ...(backend.name === 'SQLite and memory' ? {} : await backend.environment()),
  ...keyring
})

type Body = Record<string, string>

for (const backend of someBackends) {
  t.test(`the lifetime of tokens on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const environment = await environmentOf(t, backend)
    const app = await build(t, environment)
    const ended: Body[] = []
    const alive: Body[] = []

    /** Ends sessions and then checks all tokens. */
    async function check(t: Test, gone: Body[], living: Body[]) {
      for (const body of gone) await checkEnded(t, app, body)
      for (const body of living) await checkAlive(t, app, body)
      ended.push(...gone)
      alive.push(...living)
    }

    t.test('ASVS 7.4.1: ends with the logout', async (t) => {
      const ada = await logIn(app, 'ada', token)
      const other = await token.logIn(app, 'ada')
      // Was cached as valid before.
      await checkAlive(t, app, ada.body)
      const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })
      t.equal(logout.statusCode, 204)
      await check(t, [ada.body], [other.body])
    })

    t.test('ASVS 7.4.1: ends when another session revokes theirs', async (t) => {
      const bob = await logIn(app, 'bob', token)
      const other = await token.logIn(app, 'bob')
      const url = `/api/auth/sessions/${bob.sid}`
      t.equal((await app.inject({ method: 'DELETE', url, headers: other.headers })).statusCode, 204)
      await check(t, [bob.body], [other.body])
    })

    t.test('ASVS 7.4.3: ends with a password change, also in the session that made it', async (t) => {
      const eve = await logIn(app, 'eve', token)
      const other = await token.logIn(app, 'eve')
      const payload = { currentPassword: PASSWORD, newPassword: 'another long password' }
      const url = '/api/users/me/password'
      const change = await app.inject({ method: 'PUT', url, headers: eve.headers, payload })
      t.equal(change.statusCode, 200)
      await check(t, [eve.body, other.body], [change.json()])
    })

    t.test('ASVS 7.4.2: ends with the account', async (t) => {
      const kim = await logIn(app, 'kim', token)
      const other = await token.logIn(app, 'kim')
      const gone = await app.inject({ method: 'DELETE', url: '/api/users/me', headers: kim.headers })
      t.equal(gone.statusCode, 204)
      await check(t, [kim.body, other.body], [])
    })

    t.test('ASVS 7.4.1: is the same after a restart', async (t) => {
      const again = await build(t, environment)
      t.equal(ended.length, 6)
      for (const body of ended) await checkEnded(t, again, body)
      for (const body of alive) await checkAlive(t, again, body)
    })
  })
}
