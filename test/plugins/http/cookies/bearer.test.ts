import t from 'tap'
import { hasBearer } from '../../../../src/plugins/http/cookies/bearer.ts'
import { build, logIn, transports } from '../../../build.ts'

t.test('every form of the Bearer scheme counts as a token, and no other scheme does', async (t) => {
  for (const authorization of [
    'Bearer x',
    'bearer x',
    'BEARER x',
    'Bearer',
    'Bearer ',
    'Bearer\tx',
    'Bearer: x',
    'Bearer,x'
  ])
    t.ok(hasBearer({ authorization }), authorization)
  for (const authorization of ['', 'Basic eDp5', 'Basic bearer', 'BearerToken x', 'Bearer-Token x', 'DPoP x', 'x'])
    t.notOk(hasBearer({ authorization }), authorization)
  t.notOk(hasBearer({}))
})

const cookie = transports.find(({ kind }) => kind === 'cookie')

t.test('only a Bearer header replaces the cookie', { skip: !cookie && 'logs in by cookie' }, async (t) => {
  const app = await build(t)
  const { headers } = await logIn(app, 'ada', cookie)
  const ask = (authorization: string, method: 'GET' | 'DELETE', more: Record<string, string> = {}) =>
    app.inject({ method, url: '/api/auth/sessions', headers: { ...headers, ...more, authorization } })
  for (const authorization of ['Bearer x', 'bearer', 'Bearer: x']) {
    const reply = await ask(authorization, 'GET')
    const code = app.strategies.has('token') ? 'INVALID_TOKEN' : 'UNAUTHENTICATED'
    t.equal(`${reply.statusCode} ${reply.json().code}`, `401 ${code}`, authorization)
  }
  const basic = 'Basic c3RhZ2luZzpzaXRl'
  t.equal((await ask(basic, 'GET')).statusCode, 200, 'a staging site asks for Basic')
  const foreign = await ask(basic, 'DELETE', { origin: 'https://evil.test' })
  t.equal(`${foreign.statusCode} ${foreign.json().code}`, '403 CROSS_ORIGIN_REQUEST', 'so its pages are checked, too')
  t.equal((await ask(basic, 'DELETE')).statusCode, 204)
})
