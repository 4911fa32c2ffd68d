import t from 'tap'
import { build, logIn, randomKey } from '../../../build.ts'
import { forge, kidOf, takeApart } from './forge.ts'
import { token } from './transport.ts'

const KEY = randomKey()
const at = (seconds: number) => new Date(seconds * 1000)

t.test('ASVS 9.2.1, 9.2.3: access tokens have exactly the documented header and claims', async (t) => {
  const app = await build(t, { JWT_SECRET_KEY: KEY })
  const { body, sid, user } = await logIn(app, 'ada', token)
  const { accessToken = '' } = body
  const { header, claims } = takeApart(accessToken)
  t.strictSame(header, { alg: 'HS256', typ: 'at+jwt', kid: kidOf(KEY) })
  t.strictSame(Object.keys(claims).sort(), ['aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  t.match(claims, { iss: 'fastify-minimal-starter', aud: 'fastify-minimal-starter', sid, sub: user.id })
  t.equal(Number(claims['exp']) - Number(claims['iat']), 900)
  t.equal(forge(header, claims, KEY), accessToken, 'signed by the bytes of the key: others can verify')
  t.notMatch(KEY, header['kid'] as string, 'the kid is no part of the key')
})

t.test('ASVS 9.2.1, 9.2.3: refresh tokens have exactly the documented header and claims', async (t) => {
  const app = await build(t, { JWT_SECRET_KEY: KEY })
  const { body, sid } = await logIn(app, 'ada', token)
  const { refreshToken = '' } = body
  const { header, claims } = takeApart(refreshToken)
  t.strictSame(header, { alg: 'HS256', typ: 'rt+jwt', kid: kidOf(KEY) })
  t.strictSame(Object.keys(claims).sort(), ['aud', 'exp', 'gen', 'iat', 'iss', 'sid'])
  t.match(claims, { iss: 'fastify-minimal-starter', aud: 'fastify-minimal-starter/refresh', gen: 0, sid })
  t.equal(Number(claims['exp']) - Number(claims['iat']), 30 * 86_400)
  t.equal(forge(header, claims, KEY), refreshToken)
})

t.test(
  'ASVS 9.2.1: both kinds are accepted from five seconds before iat until five seconds after exp, cached or not',
  async (t) => {
    const app = await build(t, { JWT_SECRET_KEY: KEY })
    const { body, sid } = await logIn(app, 'ada', token)
    const { tokens } = app
    for (const [name, verify] of [
      ['accessToken', tokens.verifyAccess],
      ['refreshToken', tokens.verifyRefresh]
    ] as const) {
      const { header, claims } = takeApart(body[name] ?? '')
      const forged = forge(header, { ...claims, iat: 1000, exp: 2000 }, KEY)
      for (let round = 1; round <= 2; round++) {
        t.throws(() => verify(forged, at(994)), { code: 'INVALID_TOKEN' }, `${name} ahead`)
        for (const second of [995, 1000, 2000, 2004])
          t.equal(verify(forged, at(second)).sid, sid, `${name} at ${second}`)
        t.throws(() => verify(forged, at(2005)), { code: 'TOKEN_EXPIRED' }, `${name} after it`)
      }
    }
  }
)

t.test('ASVS 9.2.1: a caller cannot change the cached claims of a token', async (t) => {
  const app = await build(t, { JWT_SECRET_KEY: KEY })
  const { body, sid } = await logIn(app, 'ada', token)
  const claims = app.tokens.verifyAccess(body['accessToken'] ?? '', new Date())
  t.throws(() => Object.assign(claims, { sid: 'x' }), TypeError)
  t.equal(app.tokens.verifyAccess(body['accessToken'] ?? '', new Date()).sid, sid)
})
