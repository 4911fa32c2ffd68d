import t from 'tap'
import { build, logIn } from '../../build.ts'
import { outcome } from './calls.ts'

t.test('without PASSKEY_RP_ID there are no passkeys', async (t) => {
  const app = await build(t, { PASSKEY_RP_ID: '', API_DOCS: 'true' })
  const { headers } = await logIn(app, 'ada')
  for (const [method, url] of [
    ['POST', '/api/auth/passkeys/challenge'],
    ['POST', '/api/auth/passkeys/login'],
    ['POST', '/api/users/me/passkeys/challenge'],
    ['POST', '/api/users/me/passkeys'],
    ['GET', '/api/users/me/passkeys'],
    ['PATCH', '/api/users/me/passkeys/x'],
    ['DELETE', '/api/users/me/passkeys/x']
  ] as const)
    t.equal(outcome(await app.inject({ method, url, headers })), '404 NOT_FOUND', `${method} ${url}`)
  t.notMatch((await app.inject({ method: 'GET', url: '/docs/json' })).body, /passkey/i)
})

t.test('PASSKEY_RP_ID is a domain', async (t) => {
  for (const PASSKEY_RP_ID of [
    'https://example.com',
    'example.com:443',
    '127.0.0.1',
    'Example.com',
    '.example.com',
    'a b'
  ])
    await t.rejects(build(t, { PASSKEY_RP_ID }), /PASSKEY_RP_ID must be the domain of your pages/)
})
