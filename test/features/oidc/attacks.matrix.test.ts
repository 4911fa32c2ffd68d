import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { logIn, PASSWORD, someBackends, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import {
  buildWith,
  claimsOf,
  comeBack,
  IDENTITIES,
  LOGIN,
  logInWith,
  outcome,
  post,
  SIGN_UP,
  signUpWith,
  start
} from './calls.ts'
import { type Agreement, CLIENT, startProvider } from './provider.ts'

const first = transports[0] as Transport
const now = () => Math.floor(Date.now() / 1000)

// The slow run walks this on every backend.
for (const [i, backend] of someBackends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] ?? first
  const { kind } = transport

  t.test(
    `ASVS 6.8.2, 10.5.1, 10.5.3, 10.5.4: what the response of a provider needs, on ${backend.name}`,
    options,
    async (t) => {
      const provider = await startProvider(t, {
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none', 'ES256']
      })
      const { app, lines } = await buildWith(t, { test: provider }, await backend.environment())
      t.equal((await signUpWith(app, transport, provider, 'ada')).statusCode, 201)
      const ada = claimsOf('ada')
      const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
      const publicPem = provider.key.publicKey.export({ format: 'pem', type: 'spki' }) as string
      const wrongs: Record<string, Agreement> = {
        'no iss in the response': { iss: null },
        'the iss of another provider in the response': { iss: 'https://accounts.example.com' },
        'the iss of another provider in the token': { claims: { iss: 'https://accounts.example.com' } },
        'iss with a slash': { claims: { iss: `${provider.issuer}/` } },
        'an iss that is no text': { claims: { iss: [provider.issuer] } },
        'no iss in the token': { claims: { iss: undefined } },
        'the aud of another client': { claims: { aud: 'another client' } },
        'several aud and no azp': { claims: { aud: [CLIENT.id, 'another client'] } },
        'another azp': { claims: { aud: [CLIENT.id, 'another client'], azp: 'another client' } },
        'no aud': { claims: { aud: undefined } },
        'another nonce': { claims: { nonce: 'another' } },
        'no nonce': { claims: { nonce: undefined } },
        'a token that has expired': { claims: { exp: now() - 60 } },
        'no exp': { claims: { exp: undefined } },
        'a token of the future': { claims: { nbf: now() + 600 } },
        'no sub': { claims: { sub: undefined } },
        'an empty sub': { claims: { sub: '' } },
        'a sub that is no text': { claims: { sub: { name: 'ada-1' } } },
        'a sub with U+0000': { claims: { sub: 'ada-1\0' } },
        'a sub that is too long': { claims: { sub: 'a'.repeat(256) } },
        'alg none': { header: { alg: 'none' }, signature: () => '' },
        'alg HS256 with the secret': { header: { alg: 'HS256' }, signature: provider.hmac(CLIENT.secret) },
        'alg HS256 with the public key': { header: { alg: 'HS256' }, signature: provider.hmac(publicPem) },
        'alg RS512, which is not listed': { header: { alg: 'RS512' } },
        'a signature by another key': { signedBy: foreign },
        'an unknown kid': { header: { kid: 'unknown' } },
        'its own key': { header: { jwk: provider.key.publicKey.export({ format: 'jwk' }) }, signedBy: foreign },
        crit: { header: { crit: ['b64'], b64: false } },
        'an altered signature': { signature: () => 'AAAA' },
        'an auth_time that is no number': { claims: { auth_time: 'now' } },
        'no ID token': { noIdToken: true },
        'a token of another type': { tokenReply: { token_type: 'mac' } },
        'no access token': { tokenReply: { access_token: undefined } }
      }
      const before = await app.db.$count(app.tables.sessions)
      for (const [name, { claims, ...wrong }] of Object.entries(wrongs)) {
        const agreement = { ...wrong, claims: { ...ada, ...claims } }
        t.equal(outcome(await logInWith(app, transport, provider, agreement)), '401 OIDC_FAILED', name)
      }
      t.equal(await app.db.$count(app.tables.sessions), before, 'nobody is logged in')
      const failures = lines.filter(({ event }) => event === 'authn_login_fail')
      t.equal(failures.length, Object.keys(wrongs).length)
      t.match(failures, [{ reason: 'test' }])
      t.equal((await logInWith(app, transport, provider, { claims: ada })).statusCode, 200)
    }
  )

  t.test(
    `ASVS 10.2.1, 10.2.2: what a response must be for the ticket that comes with it, on ${backend.name}`,
    options,
    async (t) => {
      const [provider, other] = [await startProvider(t), await startProvider(t)]
      const { app } = await buildWith(t, { test: provider, other }, await backend.environment())
      await signUpWith(app, transport, provider, 'ada')
      const claims = claimsOf('ada')
      const logIn = async (ticket: string, response: string | object, more = {}) =>
        outcome(await post(app, LOGIN, { ticket, response, authType: kind, ...more }))

      const victim = await start(app)
      const attacker = await comeBack(app, provider, { claims: claimsOf('eve') })
      t.equal(await logIn(victim.ticket, attacker.response), '401 OIDC_FAILED', 'code and state of another start')
      const { url, ticket } = await start(app)
      const response = provider.agree(url, { claims })
      const code = new URLSearchParams(response).get('code') ?? ''
      const state = new URLSearchParams(response).get('state') ?? ''
      for (const wrong of [
        '',
        `?code=${code}`,
        `?code=${code}&state=`,
        `?code=${code}&state=${state.slice(1)}`,
        `${response}&state=${state}`,
        `${response}&iss=${provider.issuer}`,
        `?error=access_denied&state=${state}`
      ]) {
        const again = await start(app)
        t.equal(await logIn(again.ticket, wrong), '401 OIDC_FAILED', wrong)
      }
      const elsewhere = await start(app, 'other')
      t.equal(await logIn(elsewhere.ticket, response), '401 OIDC_FAILED', 'the code of another provider')
      t.equal(await logIn('unknown', response), '401 TICKET_INVALID')
      t.equal(await logIn(ticket, Object.fromEntries(new URLSearchParams(response))), '200', 'as parameters')
      t.equal(await logIn(ticket, response), '401 TICKET_INVALID', 'it is spent')

      const denied = await start(app)
      const { state: own } = Object.fromEntries(new URL(denied.url).searchParams)
      const refusal = `?error=access_denied&state=${own}&iss=${provider.issuer}`
      for (let tries = 0; tries < 5; tries++) t.equal(await logIn(denied.ticket, refusal), '401 OIDC_FAILED')
      t.equal(await logIn(denied.ticket, provider.agree(denied.url, { claims })), '401 TICKET_INVALID', 'five tries')
      const tickets = await app.db.select().from(app.tables.tickets)
      t.notMatch(JSON.stringify(tickets), new RegExp(`${victim.ticket}|${denied.ticket}`), 'only hashes are stored')
    }
  )

  t.test(`an address counts only if the provider has verified it, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const signUp = async (agreement: Agreement) => outcome(await logInWith(app, transport, provider, agreement))
    for (const [name, claims] of Object.entries({
      'not verified': { email_verified: false },
      'verified as text': { email_verified: 'true' },
      'verified as a number': { email_verified: 1 },
      'nobody says': { email_verified: undefined },
      'verified by the claim of Microsoft': { email_verified: undefined, xms_edov: true },
      'no address': { email: undefined },
      'an address that is no text': { email: ['ada@example.com'] },
      'not an address': { email: 'ada' },
      'two addresses': { email: 'ada@example.com,eve@example.com' },
      'a line break': { email: 'ada@example.com\r\nBcc: eve@example.com' }
    }))
      t.equal(await signUp({ claims: claimsOf('ada', claims) }), '422 EMAIL_UNVERIFIED', name)
    const { sub, ...userinfo } = claimsOf('ada')
    t.equal(await signUp({ claims: { sub }, userinfo }), '409 SIGN_UP_REQUIRED', 'the profile is in the userinfo')
    t.equal(await signUp({ claims: { sub }, userinfo: { ...userinfo, sub: 'eve-1' } }), '401 OIDC_FAILED', 'of another')
    t.equal(
      await signUp({ claims: { sub }, userinfo: { ...userinfo, email_verified: 'true' } }),
      '422 EMAIL_UNVERIFIED'
    )
    for (const name of [{ first: 'Ada' }, 'x'.repeat(121), 'a\nb', '\ud800']) {
      const reply = await logInWith(app, transport, provider, { claims: claimsOf('eve', { name }) })
      t.match(reply.json(), { code: 'SIGN_UP_REQUIRED', name: null })
    }
  })

  t.test(`what a sign-up with a provider needs, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const bob = await logIn(app, 'bob', transport)
    const refused = await logInWith(app, transport, provider, { claims: claimsOf('ada') })
    const { ticket } = refused.json()
    const body = { ticket, username: 'ada', name: 'Ada', authType: kind }
    for (let tries = 0; tries < 6; tries++)
      t.equal(outcome(await post(app, SIGN_UP, { ...body, username: 'BOB' })), '409 USERNAME_TAKEN', 'costs no try')
    t.equal(outcome(await post(app, SIGN_UP, { ...body, email: 'eve@example.com' })), '400 VALIDATION_FAILED')
    const start = await comeBack(app, provider, { claims: claimsOf('eve') })
    t.equal(outcome(await post(app, SIGN_UP, { ...body, ticket: start.ticket })), '401 TICKET_INVALID')

    const both = await Promise.all(['ada', 'ada2'].map((username) => post(app, SIGN_UP, { ...body, username })))
    const [made = '', second = ''] = both.map(outcome).sort()
    t.equal(made, '201')
    t.match(second, /^(401 TICKET_INVALID|409 EMAIL_TAKEN)$/, 'two at once: one account')

    const again = await logInWith(app, transport, provider, { claims: claimsOf('carl') })
    t.equal(outcome(await call(app, bob, `POST ${IDENTITIES}`, { ticket: again.json().ticket })), '201')
    const late = { ...body, ticket: again.json().ticket, username: 'carl' }
    t.equal(outcome(await post(app, SIGN_UP, late)), '401 TICKET_INVALID', 'it was used to link')

    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }
    for (const url of [LOGIN, SIGN_UP])
      t.equal(
        outcome(await post(app, url, url === LOGIN ? { ...start, authType: kind } : body, foreign)),
        '403 CROSS_ORIGIN_REQUEST'
      )
    t.equal((await post(app, LOGIN, { ...start, authType: kind })).statusCode, 409, 'nothing was used')
  })

  t.test(`what ends while a provider is asked links nothing, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const passwords = { currentPassword: PASSWORD, newPassword: 'another long password' }
    for (const [username, line, payload] of [
      ['ada', 'POST /api/auth/logout', undefined],
      ['eve', 'PUT /api/users/me/password', passwords],
      ['bob', 'DELETE /api/users/me', undefined]
    ] as const) {
      const session = await logIn(app, username, transport)
      const proof = await comeBack(app, provider, { claims: claimsOf(username) }, session)
      provider.troubles.set('/token', async () => {
        t.ok((await call(app, session, line, payload)).statusCode < 300, line)
        return 'go on'
      })
      t.equal(outcome(await call(app, session, `POST ${IDENTITIES}`, proof)), '401 TICKET_INVALID', line)
    }
    t.equal(await app.db.$count(app.tables.identities), 0)
  })
}
