import t from 'tap'
import { build, databases, type LoggedIn, PASSWORD, signUp, transports } from '../../../build.ts'
import { checkRecorded } from '../../../features/events/recorded.ts'
import { olderDatabase, releases } from './older.ts'

for (const database of databases) {
  for (const release of releases) {
    const on = `from ${release.version} on ${database.name}`
    t.test(`an upgrade ${on} keeps accounts, sessions, and revocations`, async (t) => {
      const { uri, made } = await olderDatabase(t, database, release, async (before) => {
        const user = await signUp(before, 'ada')
        const sessions: { active: LoggedIn; revoked: LoggedIn }[] = []
        for (const transport of transports) {
          const [active, revoked] = [await transport.logIn(before, 'ada'), await transport.logIn(before, 'ada')]
          const reply = await before.inject({ method: 'POST', url: '/api/auth/logout', headers: revoked.headers })
          t.equal(reply.statusCode, 204)
          sessions.push({ active, revoked })
        }
        return { user, sessions }
      })

      const after = await build(t, { DB_URI: uri })
      const me = ({ headers }: LoggedIn) => after.inject({ method: 'GET', url: '/api/users/me', headers })
      for (const { active, revoked } of made.sessions) {
        t.strictSame((await me(active)).json(), made.user)
        t.equal((await me(revoked)).statusCode, 401)
        const { refreshToken } = active.body
        if (!refreshToken) continue
        const payload = { refreshToken }
        t.equal((await after.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })).statusCode, 200)
      }
      for (const transport of transports) await t.resolves(transport.logIn(after, 'ada', { password: PASSWORD }))
      for (const { revoked } of made.sessions) await checkRecorded(t, after, revoked.sid)
    })
  }
}
