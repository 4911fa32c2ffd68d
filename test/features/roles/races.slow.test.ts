import t from 'tap'
import { backends, logIn, PASSWORD, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { act, giveRole, logInAs, USERS } from './calls.ts'
import { credentialsOf, openReplicas, ROUNDS, raceBan, repeat } from './race.ts'

for (const backend of backends) {
  const options = { skip: backend.skip }

  t.test(`nothing is let in after the reply to a ban, on ${backend.name}`, options, async (t) => {
    await raceBan(t, backend, async (one, two) => {
      const { user } = await logIn(one, 'ada')
      const post = (url: string, payload: object, headers = {}) => two.inject({ method: 'POST', url, payload, headers })
      return {
        id: user.id,
        async begin() {
          const sessions = await Promise.all(transports.map((transport) => transport.logIn(two, 'ada')))
          const calls = sessions.flatMap((session, n) => {
            const { refreshToken } = session.body
            const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[n]?.kind }
            return [
              post('/api/auth/login', login),
              post('/api/auth/reauthenticate', { password: PASSWORD }, session.headers),
              ...(refreshToken ? [post('/api/auth/token-refresh', { refreshToken })] : []),
              post('/api/users/me/tokens', { name: 'x', abilities: ['probe:read'] }, session.headers)
            ]
          })
          return { sessions, calls }
        }
      }
    })
  })

  t.test(
    `an admin changes nothing after the reply to their demotion or ban, on ${backend.name}`,
    options,
    async (t) => {
      const { one, two } = await openReplicas(t, backend)
      const admin = await logInAs(one, 'admin', 'root')
      const { user } = await logIn(one, 'ada')
      const eve = await logIn(one, 'eve')
      const stateOf = async () =>
        (await call(one, admin, `GET ${USERS}/${user.id}`)).json<{ bannedAt: string | null; role: string }>()
      for (let round = 0; round < ROUNDS; round++) {
        await giveRole(one, eve.user.id, 'admin')
        const transport = transports[round % transports.length] as Transport
        const acting = await transport.logIn(two, 'eve')
        const login = { usernameOrEmail: 'eve', password: PASSWORD, authType: transport.kind }
        const loggingIn = call(two, { headers: {} }, 'POST /api/auth/login', login)
        const racing = [
          act(two, acting, `PUT ${USERS}/${user.id}/ban`),
          act(two, acting, `PUT ${USERS}/${user.id}/role`, { role: 'support' }),
          act(two, acting, `DELETE ${USERS}/${user.id}/ban`)
        ]
        await new Promise((resolve) => setTimeout(resolve, round % 6))
        const isDemotion = round % 2 === 0
        const target = `${USERS}/${eve.user.id}`
        const end = () =>
          isDemotion ? act(one, admin, `PUT ${target}/role`, { role: 'user' }) : act(one, admin, `PUT ${target}/ban`)
        t.match(await repeat(end), /^20[04]$/)
        const after = await stateOf()
        const outcomes = await Promise.all(racing)
        for (const outcome of outcomes) t.match(outcome, /^(200|204|401 \w+|403 FORBIDDEN|503 SERVICE_UNAVAILABLE)$/)
        t.strictSame(await stateOf(), after, 'what was committed later would show')
        for (const session of [acting, ...credentialsOf(await loggingIn)]) {
          for (const app of [one, two]) t.match(await act(app, session, `GET ${USERS}`), /^(403 FORBIDDEN|401 \w+)$/)
        }
        await one.roleChanges.unban({ log: one.log }, null, eve.user.id)
        await one.roleChanges.unban({ log: one.log }, null, user.id)
        await giveRole(one, user.id, 'user')
      }
    }
  )
}
