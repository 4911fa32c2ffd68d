import t from 'tap'
import { isRedirectUri, providers } from '../../../src/features/oidc/provider-settings.ts'
import { build, logIn } from '../../build.ts'
import { outcome } from './calls.ts'
import { REDIRECT_URI } from './provider.ts'

t.test('without OIDC_PROVIDERS nobody can log in with a provider', async (t) => {
  const app = await build(t, { OIDC_PROVIDERS: '', OIDC_REDIRECT_URI: '', API_DOCS: 'true' })
  const { headers } = await logIn(app, 'ada')
  for (const [method, url] of [
    ['GET', '/api/auth/oidc'],
    ['POST', '/api/auth/oidc/test'],
    ['POST', '/api/auth/oidc/login'],
    ['POST', '/api/auth/oidc/signup'],
    ['GET', '/api/users/me/identities'],
    ['POST', '/api/users/me/identities'],
    ['DELETE', '/api/users/me/identities/x']
  ] as const)
    t.equal(outcome(await app.inject({ method, url, headers })), '404 NOT_FOUND', `${method} ${url}`)
  t.notMatch((await app.inject({ method: 'GET', url: '/docs/json' })).body, /oidc|identities/i)
})

t.test('OIDC_PROVIDERS and OIDC_REDIRECT_URI say what is wrong, without a secret', async (t) => {
  const right = 'google=https://client:secret@accounts.google.com'
  for (const [OIDC_PROVIDERS, place] of [
    ['https://client:secret@accounts.google.com', 'the only entry is invalid'],
    ['google=https://accounts.google.com', 'the only entry is invalid'],
    ['google=http://client:secret@accounts.google.com', 'the only entry is invalid'],
    ['Google=https://client:secret@accounts.google.com', 'the only entry is invalid'],
    ['login=https://client:secret@accounts.google.com', 'the only entry is invalid'],
    [`${right},x=https://client:%zz@example.com`, 'entry 2 of 2 is invalid'],
    [`${right},${right}`, 'two have the same name']
  ] as const) {
    const error = await build(t, { OIDC_PROVIDERS, OIDC_REDIRECT_URI: REDIRECT_URI }).catch((thrown) => thrown)
    t.match(error.message, new RegExp(`^OIDC_PROVIDERS must be .*: ${place}$`))
    t.notMatch(error.message, /client:secret@a/)
  }
  await t.rejects(build(t, { OIDC_PROVIDERS: right, OIDC_REDIRECT_URI: '' }), /OIDC_REDIRECT_URI is required with/)
  for (const uri of [
    'http://app.example.com/',
    'https://app.example.com',
    'https://app.example.com/?a=b',
    'x',
    '/callback'
  ])
    t.notOk(isRedirectUri(uri), uri)
  for (const uri of ['https://app.example.com/', 'http://localhost:5173/callback']) t.ok(isRedirectUri(uri), uri)
  const tenant =
    'microsoft=https://a%40b:c%2Fd%2Ce@login.microsoftonline.com/common/v2.0,apple-like=https://public@example.com'
  t.strictSame(providers().parse(tenant), [
    {
      ...{ id: 'microsoft', issuer: 'https://login.microsoftonline.com/common/v2.0' },
      ...{ clientId: 'a@b', clientSecret: 'c/d,e' }
    },
    { id: 'apple-like', issuer: 'https://example.com/', clientId: 'public', clientSecret: null }
  ])
})
