import t from 'tap'
import { eventType } from '../../../../src/plugins/platform/audit/event-types.ts'
import { buildWithLog, logIn, PASSWORD, someBackends, transportsOn } from '../../../build.ts'

const NEXT = 'another long password'

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`
    const isToken = transport.kind === 'token'

    t.test(
      `ASVS 16.3.1, 16.3.2, 16.3.3: security events of an account are logged, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, await backend.environment())
        const { user, sid, headers } = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        await logIn(app, 'eve', transport)
        const call = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
          app.inject({ method, url, headers, ...(payload && { payload }) })
        await call('PATCH', '/api/users/me', { name: 'Ada King' })
        await call('PUT', '/api/users/me/password', { currentPassword: 'wrong', newPassword: NEXT })
        await call('DELETE', `/api/auth/sessions/${other.sid}`)
        const payload = { usernameOrEmail: 'ada', password: 'wrong', authType: transport.kind }
        await app.inject({ method: 'POST', url: '/api/auth/login', payload })

        const made = isToken ? ['authn_token_created'] : []
        const ended = isToken ? ['authn_token_revoked'] : []
        const login = ['authn_login_success', 'session_created', ...made]
        const expected = [
          ...['user_created', ...login, ...login, 'user_updated', 'authn_password_change_fail'],
          ...['session_expired', ...ended, 'authn_login_fail']
        ]
        const logged = lines.filter(({ event, userId }) => event !== undefined && userId === user.id)
        t.strictSame(logged.map(({ event }) => event).sort(), expected.sort())
        for (const line of logged) {
          t.match(line, {
            level: eventType(line['event'] as 'user_created').level,
            ip: '127.0.0.1',
            requestId: /^[\da-f-]{36}$/
          })
        }
        t.match(
          lines.find(({ event }) => event === 'user_updated'),
          { sid, kind: transport.kind }
        )
      }
    )

    t.test(
      `renewals, logouts, and deletions are logged with their reason, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, await backend.environment())
        const { user, sid, headers } = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        await app.inject({ method: 'POST', url: '/api/auth/logout', headers: other.headers })
        const third = await transport.logIn(app, 'ada')
        const reply = await app.inject({
          method: 'PUT',
          url: '/api/users/me/password',
          headers,
          payload: { currentPassword: PASSWORD, newPassword: NEXT }
        })
        t.ok(reply.statusCode < 300)
        const fourth = await transport.logIn(app, 'ada', { password: NEXT })
        await app.inject({ method: 'DELETE', url: '/api/users/me', headers: fourth.headers })
        const ends = lines.filter(({ event }) => event === 'session_expired')
        t.notOk(
          ends.find((line) => line['sid'] === sid),
          'a renewed session has not ended'
        )
        t.match(
          ends.find(({ sid }) => sid === other.sid),
          { reason: 'logout', userId: user.id }
        )
        t.match(
          ends.find(({ sid }) => sid === third.sid),
          { reason: 'password' }
        )
        t.match(
          ends.find(({ sid }) => sid === fourth.sid),
          { reason: 'deletion' }
        )
        t.equal(lines.filter(({ event }) => event === 'authn_token_revoked').length, isToken ? ends.length : 0)
        for (const event of ['session_renewed', 'authn_password_change', 'user_deleted'])
          t.match(
            lines.find((line) => line['event'] === event),
            { userId: user.id },
            event
          )
      }
    )
  }
}
