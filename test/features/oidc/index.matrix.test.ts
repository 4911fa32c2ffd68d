import t from 'tap'
import { logIn, someBackends, type Transport, transports, transportsOn } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import {
  buildWith,
  claimsOf,
  comeBack,
  IDENTITIES,
  type Identity,
  LOGIN,
  logInWith,
  outcome,
  post,
  SIGN_UP,
  signUpWith,
  start
} from './calls.ts'
import { REDIRECT_URI, startProvider } from './provider.ts'

const first = transports[0] as Transport

for (const [i, backend] of someBackends.entries()) {
  const options = { skip: backend.skip }

  for (const transport of transportsOn(backend)) {
    const { kind } = transport

    t.test(`somebody signs up and logs in with a provider, by ${kind} on ${backend.name}`, options, async (t) => {
      const provider = await startProvider(t)
      const { app } = await buildWith(t, { test: provider }, await backend.environment())
      const listed = await app.inject('/api/auth/oidc')
      t.strictSame(listed.json(), { providers: [{ id: 'test', name: 'Test' }] })
      const { url } = await start(app)
      const query = Object.fromEntries(new URL(url).searchParams)
      t.match(query, {
        ...{ response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'openid email profile' },
        ...{ code_challenge_method: 'S256', code_challenge: /^[\w-]{43}$/, state: /^[\w-]{43}$/, nonce: /^[\w-]{43}$/ }
      })
      t.notOk('max_age' in query)

      const claims = claimsOf('ada')
      const refused = await logInWith(app, transport, provider, { claims })
      t.equal(outcome(refused), '409 SIGN_UP_REQUIRED')
      t.match(refused.json(), { ticket: /^[\w-]{43}$/, email: 'ada@example.com', name: 'The user ada' })
      const body = { ticket: refused.json().ticket, username: 'ada', name: 'Ada', authType: kind, remember: false }
      const signedUp = await post(app, SIGN_UP, body)
      t.equal(signedUp.statusCode, 201)
      t.match(signedUp.json(), { user: { username: 'ada', email: 'ada@example.com', name: 'Ada' } })
      t.equal(outcome(await post(app, SIGN_UP, { ...body, username: 'ada2' })), '401 TICKET_INVALID')
      const session = await renewedBy(app, transport, signedUp)
      t.match(await app.sessions.find(session.sid), { kind, methods: 'fed', remember: false })
      t.match((await call(app, session, 'GET /api/users/me/security')).json(), { hasPassword: false, identities: 1 })

      const authTime = Math.floor(Date.now() / 1000) - 30
      const loggedIn = await logInWith(app, transport, provider, { claims: { ...claims, auth_time: authTime } })
      t.equal(loggedIn.statusCode, 200)
      t.strictSame(loggedIn.json().user, signedUp.json().user)
      const again = await renewedBy(app, transport, loggedIn)
      t.match(await app.sessions.find(again.sid), { authenticatedAt: new Date(authTime * 1000), remember: true })
      const { identities } = (await call(app, again, `GET ${IDENTITIES}`)).json<{ identities: Identity[] }>()
      t.equal(identities.length, 1)
      t.strictSame(Object.keys(identities[0] ?? {}), ['id', 'provider', 'createdAt', 'lastUsedAt'])
      t.match(identities, [{ provider: 'test', lastUsedAt: /^20/ }])
    })

    t.test(`a user links and unlinks a provider, by ${kind} on ${backend.name}`, options, async (t) => {
      const provider = await startProvider(t)
      const { app } = await buildWith(t, { test: provider }, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const claims = claimsOf('ada', { email: 'another@example.com', email_verified: false })
      const { url, ticket } = await start(app, 'test', ada)
      t.equal(new URL(url).searchParams.get('max_age'), '600', 'the provider has to have seen the user lately')
      const payload = { ticket, response: provider.agree(url, { claims }) }
      const linked = await call(app, ada, `POST ${IDENTITIES}`, payload)
      t.equal(linked.statusCode, 201)
      t.match(linked.json(), { id: String, provider: 'test', lastUsedAt: null })
      t.equal(outcome(await call(app, ada, `POST ${IDENTITIES}`, payload)), '401 TICKET_INVALID')
      const loggedIn = await logInWith(app, transport, provider, { claims })
      t.match(loggedIn.json(), { user: { id: ada.user.id } })

      const session = await renewedBy(app, transport, loggedIn)
      t.equal(
        outcome(await call(app, session, `DELETE ${IDENTITIES}/${linked.json().id}`)),
        '403 REAUTHENTICATION_REQUIRED',
        'a login without auth_time is not fresh'
      )
      t.equal(outcome(await call(app, ada, `DELETE ${IDENTITIES}/${linked.json().id}`)), '204')
      t.equal(outcome(await call(app, ada, `DELETE ${IDENTITIES}/${linked.json().id}`)), '404 IDENTITY_NOT_FOUND')
      t.equal(outcome(await logInWith(app, transport, provider, { claims })), '422 EMAIL_UNVERIFIED')
    })
  }

  const transport = transports[i % transports.length] ?? first
  const { kind } = transport

  t.test(`ASVS 6.8.1, 10.5.2: nothing is linked by email address, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const ada = await logIn(app, 'ada', transport)
    const eve = await logIn(app, 'eve', transport)
    const refused = await logInWith(app, transport, provider, { claims: claimsOf('ada') })
    t.equal(outcome(refused), '409 ACCOUNT_EXISTS')
    const { ticket } = refused.json()
    const body = { ticket, username: 'ada2', name: 'Ada', authType: kind }
    t.equal(outcome(await post(app, SIGN_UP, body)), '409 EMAIL_TAKEN')
    t.equal(outcome(await post(app, LOGIN, { ticket, response: '', authType: kind })), '401 TICKET_INVALID')
    t.equal(outcome(await call(app, ada, `POST ${IDENTITIES}`, { ticket })), '201')
    t.equal(outcome(await call(app, ada, `POST ${IDENTITIES}`, { ticket })), '401 TICKET_INVALID', 'it is spent')
    t.match((await logInWith(app, transport, provider, { claims: claimsOf('ada') })).json(), {
      user: { id: ada.user.id }
    })

    const known = await comeBack(app, provider, { claims: claimsOf('ada') })
    t.equal(outcome(await call(app, eve, `POST ${IDENTITIES}`, known)), '409 IDENTITY_TAKEN')
    t.match((await call(app, eve, 'GET /api/users/me')).json(), { username: 'eve' }, 'the account is the same')
    t.match((await call(app, eve, `GET ${IDENTITIES}`)).json(), { identities: [] })
  })

  t.test(`two users who link one identity at once: one succeeds, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const ada = await logIn(app, 'ada', transport)
    const eve = await logIn(app, 'eve', transport)
    const [one, other] = [await comeBack(app, provider), await comeBack(app, provider)]
    const replies = await Promise.all([
      call(app, ada, `POST ${IDENTITIES}`, one),
      call(app, eve, `POST ${IDENTITIES}`, other)
    ])
    t.same(replies.map(outcome).sort(), ['201', '409 IDENTITY_TAKEN'])
  })

  t.test(`users without a password keep a way to log in, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const now = () => ({ auth_time: Math.floor(Date.now() / 1000) })
    await signUpWith(app, transport, provider, 'ada')
    const { headers } = await renewedBy(
      app,
      transport,
      await logInWith(app, transport, provider, { claims: claimsOf('ada', now()) })
    )
    const ada = { headers }
    const link = async (sub: string) =>
      (await call(app, ada, `POST ${IDENTITIES}`, await comeBack(app, provider, { claims: { sub } }))).json().id
    const { identities } = (await call(app, ada, `GET ${IDENTITIES}`)).json<{ identities: Identity[] }>()
    const own = identities[0]?.id
    t.equal(outcome(await call(app, ada, `DELETE ${IDENTITIES}/${own}`)), '409 LAST_CREDENTIAL')
    const second = await link('ada-2')
    const both = await Promise.all([own, second].map((id) => call(app, ada, `DELETE ${IDENTITIES}/${id}`)))
    t.same(both.map(outcome).sort(), ['204', '409 LAST_CREDENTIAL'], 'two at once')
    const wrong = { usernameOrEmail: 'ada', password: 'none', authType: kind }
    t.equal(outcome(await post(app, '/api/auth/login', wrong)), '401 INVALID_CREDENTIALS')
  })
}
