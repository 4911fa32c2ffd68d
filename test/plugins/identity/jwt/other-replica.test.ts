import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, logIn, PASSWORD } from '../../../build.ts'
import { token } from './transport.ts'

// Without Redis, a replica learns of revocations at other replicas within a second. These tests cover that second.

/** Two replicas on one SQLite file, and a session that both know. */
async function twoReplicas(t: Test) {
  const environment = { DB_URI: `file:${t.testdir()}/app.db` }
  const [here, there] = [await build(t, environment), await build(t, environment)]
  return { here, there, ada: await logIn(here, 'ada', token) }
}
const ask = (app: FastifyInstance, method: 'GET' | 'POST', url: string, headers: object, payload?: object) =>
  app.inject({ method, url: `/api/auth${url}`, headers: { ...headers }, ...(payload && { payload }) })

t.test(
  'a logout with a credential that another replica has just renewed is 401, and the renewed session stays valid',
  async (t) => {
    const { here, there, ada } = await twoReplicas(t)
    const renewed = (await ask(there, 'POST', '/reauthenticate', ada.headers, { password: PASSWORD })).json()

    const reply = await ask(here, 'POST', '/logout', ada.headers)

    t.equal(reply.statusCode, 401)
    t.equal(reply.json().code, 'UNAUTHENTICATED')
    const headers = { authorization: `Bearer ${renewed.accessToken}` }
    for (const app of [here, there]) t.equal((await ask(app, 'GET', '/whoami', headers)).statusCode, 200)
  }
)

t.test('a session that another replica has just revoked cannot be renewed', async (t) => {
  const { here, there, ada } = await twoReplicas(t)
  await ask(there, 'POST', '/logout', ada.headers)

  const reply = await ask(here, 'POST', '/reauthenticate', ada.headers, { password: PASSWORD })

  t.equal(reply.statusCode, 401)
  t.equal(reply.json().code, 'UNAUTHENTICATED')
  t.strictSame(await here.sessions.listLive(ada.user.id, new Date()), [])
})

t.test('check-auth and users/me do not find a user whom another replica has just deleted', async (t) => {
  const { here, there, ada } = await twoReplicas(t)
  await there.inject({ method: 'DELETE', url: '/api/users/me', headers: ada.headers })

  const reply = await ask(here, 'GET', '/check-auth', ada.headers)

  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { authenticated: false })
  const me = await here.inject({ method: 'GET', url: '/api/users/me', headers: ada.headers })
  t.equal(me.statusCode, 401)
  t.equal(me.json().code, 'UNAUTHENTICATED')
})

t.test('check-auth does not accept a session that another replica has just revoked', async (t) => {
  const { here, there, ada } = await twoReplicas(t)
  t.match((await ask(here, 'GET', '/check-auth', ada.headers)).json(), { authenticated: true })
  await ask(there, 'POST', '/logout', ada.headers)

  const reply = await ask(here, 'GET', '/check-auth', ada.headers)

  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { authenticated: false })
})
