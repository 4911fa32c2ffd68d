import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { backends, build, type LoggedIn, logIn, PASSWORD, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { act, giveRole, logInAs, USERS, whoami } from './calls.ts'

const ROUNDS = 12
/** How long another replica may need to learn of a revocation without Redis. */
const REVOKED_WITHIN_MS = 1000

type Reply = Awaited<ReturnType<typeof call>>

/** Every credential in a reply, as headers of a request. */
function credentialsOf(reply: Reply): Pick<LoggedIn, 'headers'>[] {
  if (reply.statusCode >= 300) return []
  const bearer = ['accessToken', 'token'].flatMap(
    (name) => (reply.body && (reply.json()[name] as string | undefined)) || []
  )
  const cookies = reply.cookies.map(({ name, value }) => ({ cookie: `${name}=${encodeURIComponent(value)}` }))
  return [...bearer.map((token) => ({ authorization: `Bearer ${token}` })), ...cookies].map((headers) => ({ headers }))
}

/** A call that revokes may be repeated until it succeeds: under load, a database or Redis may be too slow. */
async function repeat(work: () => Promise<string>) {
  let outcome = await work()
  for (let tries = 0; tries < 20 && outcome.startsWith('503'); tries++) outcome = await work()
  return outcome
}

async function openReplicas(t: Test, environment: Record<string, string>, count: number) {
  const apps: FastifyInstance[] = []
  for (let n = 0; n < count; n++) apps.push(await build(t, environment))
  return apps as [FastifyInstance, FastifyInstance]
}

for (const backend of backends) {
  const isShared = backend.name !== 'SQLite and memory'

  t.test(`nothing is let in after the reply to a ban, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const environment = (await backend.environment()) as Record<string, string>
    const [one, two = one] = await openReplicas(t, environment, isShared ? 2 : 1)
    const admin = await logInAs(one, 'admin', 'root')
    const { user } = await logIn(one, 'ada')
    const post = (url: string, payload: object, headers = {}) => two.inject({ method: 'POST', url, payload, headers })

    for (let round = 0; round < ROUNDS; round++) {
      const sessions = await Promise.all(transports.map((transport) => transport.logIn(two, 'ada')))
      const racing = sessions.flatMap((session, n) => {
        const transport = transports[n]
        const { refreshToken } = session.body
        const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport?.kind }
        return [
          post('/api/auth/login', login),
          post('/api/auth/reauthenticate', { password: PASSWORD }, session.headers),
          ...(refreshToken ? [post('/api/auth/token-refresh', { refreshToken })] : []),
          post('/api/users/me/tokens', { name: 'x', abilities: ['probe:read'] }, session.headers)
        ]
      })
      await new Promise((resolve) => setTimeout(resolve, (round * 5) % 40))
      t.equal(await repeat(() => act(one, admin, `PUT ${USERS}/${user.id}/ban`)), '204')
      const replies = await Promise.all(racing)
      for (const { statusCode } of replies) t.not(statusCode, 500)
      const given = [...sessions, ...replies.flatMap(credentialsOf)]
      if (isShared && !environment['REDIS_URL']) await new Promise((resolve) => setTimeout(resolve, REVOKED_WITHIN_MS))
      for (const app of [one, two]) {
        for (const credential of given) {
          t.match(await whoami(app, credential), '401')
          t.match(await act(app, credential, 'GET /api/probe'), '401')
        }
      }
      t.strictSame(await one.sessions.listLive(user.id, new Date()), [])
      t.equal(await act(one, admin, `DELETE ${USERS}/${user.id}/ban`), '204')
    }
  })

  t.test(
    `an admin changes nothing after the reply to their demotion or ban, on ${backend.name}`,
    {
      skip: backend.skip
    },
    async (t) => {
      const environment = (await backend.environment()) as Record<string, string>
      const [one, two = one] = await openReplicas(t, environment, isShared ? 2 : 1)
      const admin = await logInAs(one, 'admin', 'root')
      const { user } = await logIn(one, 'ada')
      const eve = await logIn(one, 'eve')
      const stateOf = async () =>
        (await call(one, admin, `GET ${USERS}/${user.id}`)).json<{ bannedAt: string | null; role: string }>()
      for (let round = 0; round < ROUNDS; round++) {
        await giveRole(one, eve.user.id, 'admin')
        const acting = await (transports[round % transports.length] ?? transports[0])?.logIn(two, 'eve')
        if (!acting) continue
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
        await one.roleChanges.unban({ log: one.log }, null, eve.user.id)
        await one.roleChanges.unban({ log: one.log }, null, user.id)
        await giveRole(one, user.id, 'user')
      }
    }
  )
}
