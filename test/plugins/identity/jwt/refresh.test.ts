import t from 'tap'
import { buildWithLog, logIn } from '../../../build.ts'
import { encode } from './forge.ts'
import { token } from './transport.ts'

t.test('ASVS 10.4.5, 16.3.1: a spent refresh token ends its session, and both events are logged', async (t) => {
  const { app, lines } = await buildWithLog(t, { REFRESH_GRACE: '0' })
  const { user, sid, body, headers } = await logIn(app, 'ada', token)
  const refresh = () =>
    app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken: body['refreshToken'] } })
  t.equal((await refresh()).statusCode, 200)
  const created = lines.filter(({ event, reason }) => event === 'authn_token_created' && reason === 'refresh')
  t.match(created, [{ level: 'info', userId: user.id, sid, kind: 'token' }])
  t.equal((await refresh()).json().code, 'REFRESH_TOKEN_REUSED')
  const known = { userId: user.id, sid, kind: 'token' }
  t.match(
    lines.filter(({ event }) => event === 'authn_token_reuse'),
    [{ level: 'error', ...known }]
  )
  t.match(
    lines.filter(({ event }) => event === 'session_expired'),
    [{ reason: 'reuse', ...known }]
  )

  t.equal((await refresh()).json().code, 'TOKEN_REVOKED')
  t.equal((await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode, 401)
  const shown = lines.filter(({ event, level }) => event === 'authn_token_reuse' && level === 'warn')
  t.match(shown, [{ sid }, { sid }], 'tokens of an ended login are said, and not stored')
  t.notOk(
    lines.some(({ event }) => event === 'authn_token_invalid'),
    'and there is nothing else wrong with them'
  )
})

t.test('ASVS 16.3.3: a rejected token is logged with the reason, but without any part of it', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { headers, body } = await logIn(app, 'ada', token)
  const bad = `${headers['authorization']?.slice(0, -4)}AAAA`
  await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: { authorization: bad } })
  const payload = { refreshToken: body['accessToken'] }
  await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload })
  const said = lines.filter(({ event }) => event === 'authn_token_invalid')
  t.match(said, [
    { level: 'warn', reason: /^FAST_JWT_/ },
    { level: 'warn', reason: /./ }
  ])
  t.notMatch(JSON.stringify(said), /eyJ/)
  t.notOk(
    lines.some(({ event }) => event === 'authn_token_reuse'),
    'only what was ours can be reused'
  )
})

t.test('ASVS 9.1.3, 16.3.3: a token that names an unknown key is rejected before any key is tried', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const { body } = await logIn(app, 'ada', token)
  const [header = '', ...rest] = body['accessToken']?.split('.') ?? []
  const { kid, ...named } = JSON.parse(Buffer.from(header, 'base64url').toString())
  t.ok(kid)
  const forged = [encode({ ...named, kid: 'nobody' }), ...rest].join('.')

  const headers = { authorization: `Bearer ${forged}` }
  const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })

  t.equal(reply.json().code, 'INVALID_TOKEN')
  t.match(
    lines.filter(({ event }) => event === 'authn_token_invalid'),
    [{ reason: 'UNKNOWN_KID' }]
  )
})

t.test('bad refresh tokens from an address never keep others there from refreshing', async (t) => {
  const { app } = await buildWithLog(t, { LOG_LEVEL: 'fatal' })
  const { body } = await logIn(app, 'ada', token)
  const refresh = async (refreshToken: string) =>
    (await app.inject({ method: 'POST', url: '/api/auth/token-refresh', payload: { refreshToken } })).statusCode
  const statuses = new Set<number>()
  for (let i = 0; i < 1001; i++) statuses.add(await refresh(`${body['accessToken']}${i}`))
  t.strictSame(statuses, new Set([401]))
  t.equal(await refresh(body['refreshToken'] ?? ''), 200)
})

t.test('OpenAPI describes how to send a token', async (t) => {
  const { app } = await buildWithLog(t)
  t.match(app.strategies.get('token')?.openapi.scheme, { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
})
