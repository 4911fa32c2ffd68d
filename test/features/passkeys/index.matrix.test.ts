import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import {
  build,
  buildWithLog,
  logIn,
  signUp,
  someBackends,
  type Transport,
  transports,
  transportsOn
} from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { forgetCached } from '../../plugins/identity/session/redis.ts'
import { type Algorithm, algorithms, createAuthenticator, FLAGS, type Wrong } from './authenticator.ts'
import {
  addPasskey,
  askForPasskey,
  assertion,
  enroll,
  listPasskeys,
  logInWith,
  outcome,
  post,
  startAdding
} from './calls.ts'

const LOGIN = '/api/auth/passkeys/login'
const PASSKEYS = '/api/users/me/passkeys'
const first = transports[0] as Transport

for (const [i, backend] of someBackends.entries()) {
  const options = { skip: backend.skip }

  for (const transport of transportsOn(backend)) {
    const { kind } = transport
    const on = `by ${kind} on ${backend.name}`

    t.test(`a user adds a passkey, logs in with it, renames it, and removes it, ${on}`, options, async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const security = async () => (await call(app, ada, 'GET /api/users/me/security')).json()
      t.match(await security(), { hasPassword: true, passkeys: 0 })
      const { options: creation } = await startAdding(app, ada)
      t.match(creation, {
        rp: { id: 'localhost' },
        user: { name: 'ada', displayName: 'The user ada' },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' }
      })

      const authenticator = createAuthenticator()
      const added = await addPasskey(app, ada, authenticator)
      t.equal(added.statusCode, 201)
      const { id } = added.json()
      t.strictSame(Object.keys(added.json()), ['id', 'name', 'createdAt', 'lastUsedAt', 'synced'])
      t.match(added.json(), { name: 'My phone', lastUsedAt: null, synced: false })
      t.match(await security(), { passkeys: 1 })
      t.match(await startAdding(app, ada), {
        options: { excludeCredentials: [{ id: authenticator.credentialId, transports: ['internal'] }] }
      })

      const { options: request } = await askForPasskey(app)
      t.match(request, { rpId: 'localhost', userVerification: 'required' })
      t.notOk(Object.hasOwn(request, 'allowCredentials'), 'nobody has to type a name')
      const payload = { ...(await assertion(app, authenticator)), authType: kind, remember: false }
      const loggedIn = await post(app, LOGIN, payload)
      t.equal(loggedIn.statusCode, 200)
      t.match(loggedIn.json(), { user: { id: ada.user.id, username: 'ada' } })
      const session = await renewedBy(app, transport, loggedIn)
      t.match(await app.sessions.find(session.sid), { kind, methods: 'hwk user mfa', remember: false })
      const renamed = await call(app, session, `PATCH ${PASSKEYS}/${id}`, { name: 'Ada’s phone' })
      t.equal(renamed.statusCode, 200, 'the session is fresh')
      t.match(await listPasskeys(app, ada), [{ id, name: 'Ada’s phone', lastUsedAt: /^20/ }])

      t.equal((await call(app, ada, `DELETE ${PASSKEYS}/${id}`)).statusCode, 204)
      t.strictSame(await listPasskeys(app, ada), [])
      t.equal(outcome(await logInWith(app, transport, authenticator)), '401 INVALID_CODE')
      t.equal((await call(app, session, 'GET /api/auth/whoami')).statusCode, 200, 'sessions stay')
    })
  }

  const transport = transports[i % transports.length] ?? first
  const { kind } = transport

  t.test(`ASVS 6.7.2: what a login with a passkey needs, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const ada = await enroll(app, 'ada', transport)
    const eve = await enroll(app, 'eve', transport)
    const sessions = () => app.db.$count(app.tables.sessions)
    const before = await sessions()
    const { challenge } = (await askForPasskey(app)).options
    const wrongs: Record<string, Wrong> = {
      'another challenge': { challenge },
      'another origin': { origin: 'https://evil.test' },
      'a page of a subdomain that is not listed': { origin: 'https://login.localhost' },
      'a page of another port': { origin: 'https://localhost:8443' },
      'the origin null': { origin: 'null' },
      'another relying party': { rpId: 'evil.test' },
      'a registration': { type: 'webauthn.create' },
      'UV=0': { flags: FLAGS.up },
      'UP=0': { flags: FLAGS.uv },
      'a device-bound passkey that claims to be synced': { flags: FLAGS.up | FLAGS.uv | FLAGS.be },
      'flags that contradict each other': { flags: FLAGS.up | FLAGS.uv | FLAGS.bs },
      'the key of another passkey': { signedBy: eve.authenticator.privateKey },
      'a swapped algorithm': { signedBy: createAuthenticator({ algorithm: 'RS256' }).privateKey },
      'the id of another passkey': { credentialId: eve.authenticator.credentialId },
      'an unknown id': { credentialId: 'unknown' },
      'the handle of another user': { userHandle: Buffer.from(eve.user.id).toString('base64url') }
    }
    for (const [about, wrong] of Object.entries(wrongs))
      t.equal(outcome(await logInWith(app, transport, ada.authenticator, wrong)), '401 INVALID_CODE', about)
    t.equal(await sessions(), before)

    const payload = { ...(await assertion(app, ada.authenticator)), authType: kind }
    const foreign = await post(app, LOGIN, payload, { origin: 'https://evil.test' })
    t.equal(outcome(foreign), '403 CROSS_ORIGIN_REQUEST', 'from a foreign page, even without a cookie')
    const both = await Promise.all([post(app, LOGIN, payload), post(app, LOGIN, payload)])
    t.strictSame(both.map(outcome).sort(), ['200', '401 TICKET_INVALID'], 'two at once')
    t.equal(outcome(await post(app, LOGIN, payload)), '401 TICKET_INVALID', 'a reused challenge')
    const { ticket } = await askForPasskey(app)
    for (let tries = 0; tries < 5; tries++)
      t.equal(outcome(await post(app, LOGIN, { ...payload, ticket })), '401 INVALID_CODE', 'with a new ticket')
    t.equal(outcome(await post(app, LOGIN, { ...payload, ticket })), '401 TICKET_INVALID', 'after five tries')
    const credentials: Record<string, string>[] = [
      { authorization: `Bearer ${ticket}` },
      { cookie: `__Host-sid=${ticket}` }
    ]
    for (const headers of credentials)
      t.equal((await call(app, { headers }, 'GET /api/auth/whoami')).statusCode, 401, 'a ticket is no credential')
  })

  t.test(`ASVS 6.7.2: what adding a passkey needs, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const ada = await logIn(app, 'ada', transport)
    const wrongs: Record<string, Wrong> = {
      'another challenge': { challenge: 'AAAA' },
      'another origin': { origin: 'https://evil.test' },
      'another relying party': { rpId: 'evil.test' },
      'a login': { type: 'webauthn.get' },
      'UV=0': { flags: FLAGS.up },
      'an algorithm that was not offered': { algorithm: -65_535 }
    }
    for (const [about, wrong] of Object.entries(wrongs))
      t.equal(outcome(await addPasskey(app, ada, createAuthenticator(), wrong)), '401 INVALID_CODE', about)
    t.strictSame(await listPasskeys(app, ada), [])

    const authenticator = createAuthenticator()
    const { ticket, options: creation } = await startAdding(app, ada)
    const payload = { ticket, credential: authenticator.register(creation), name: 'My phone' }
    const other = await transport.logIn(app, 'ada')
    t.equal(outcome(await call(app, other, `POST ${PASSKEYS}`, payload)), '401 TICKET_INVALID', 'another session')
    const eve = await logIn(app, 'eve', transport)
    t.equal(outcome(await call(app, eve, `POST ${PASSKEYS}`, payload)), '401 TICKET_INVALID', 'another user')
    const login = { ticket, credential: authenticator.sign(creation), authType: kind }
    t.equal(outcome(await post(app, LOGIN, login)), '401 TICKET_INVALID', 'a ticket of another purpose')
    for (const name of ['', '   ', 'x'.repeat(65)])
      t.equal(outcome(await call(app, ada, `POST ${PASSKEYS}`, { ...payload, name })), '400 VALIDATION_FAILED')
    const both = [call(app, ada, `POST ${PASSKEYS}`, payload), call(app, ada, `POST ${PASSKEYS}`, payload)]
    t.strictSame((await Promise.all(both)).map(outcome).sort(), ['201', '401 TICKET_INVALID'], 'two at once')
    t.equal(outcome(await call(app, ada, `POST ${PASSKEYS}`, payload)), '401 TICKET_INVALID', 'a reused challenge')

    const taken = await addPasskey(app, eve, createAuthenticator(), { credentialId: authenticator.credentialId })
    t.equal(outcome(taken), '401 TICKET_INVALID', 'the id of a passkey that is registered')
    t.equal((await logInWith(app, transport, authenticator)).json().user.username, 'ada')
  })

  t.test(`a counter that does not rise, on ${backend.name}`, options, async (t) => {
    const { app, lines } = await buildWithLog(t, await backend.environment())
    const { authenticator } = await enroll(app, 'ada', transport)
    const max = 2 ** 32 - 1
    t.equal(outcome(await logInWith(app, transport, authenticator, { counter: max })), '200')
    for (const counter of [max, max - 1, 0])
      t.equal(outcome(await logInWith(app, transport, authenticator, { counter })), '401 INVALID_CODE', `${counter}`)
    const synced = await enroll(app, 'bea', transport, createAuthenticator({ synced: true }))
    t.match(synced.passkey, { synced: true })
    for (const counter of [0, 5, 3])
      t.equal(outcome(await logInWith(app, transport, synced.authenticator, { counter })), '200', 'synced')
    const events = lines.filter(({ event }) => event === 'authn_passkey_counter_fail')
    t.strictSame(
      events.map(({ reason }) => reason),
      ['refused', 'refused', 'refused', 'synced']
    )
  })

  t.test(`ASVS 7.5.1: changes need a fresh session and an own passkey, on ${backend.name}`, options, async (t) => {
    const { app, lines } = await buildWithLog(t, await backend.environment())
    const ada = await enroll(app, 'ada', first)
    const eve = await logIn(app, 'eve', first)
    const one = `${PASSKEYS}/${ada.passkey.id}`
    t.equal(outcome(await call(app, eve, `PATCH ${one}`, { name: 'Mine' })), '404 PASSKEY_NOT_FOUND')
    t.equal(outcome(await call(app, eve, `DELETE ${one}`)), '404 PASSKEY_NOT_FOUND')
    t.equal(outcome(await call(app, eve, `DELETE ${PASSKEYS}/x`)), '404 PASSKEY_NOT_FOUND')

    await app.db.update(app.tables.users).set({ passwordHash: 'none' }).where(eq(app.tables.users.id, ada.user.id))
    t.equal(outcome(await call(app, ada, `DELETE ${one}`)), '409 LAST_CREDENTIAL')
    const second = await addPasskey(app, ada, createAuthenticator())
    const ids = [ada.passkey.id, second.json().id]
    const removals = await Promise.all(ids.map((id) => call(app, ada, `DELETE ${PASSKEYS}/${id}`)))
    t.strictSame(removals.map(outcome).sort(), ['204', '409 LAST_CREDENTIAL'], 'two at once leave one')
    t.equal((await listPasskeys(app, ada)).length, 1)
    const changes = lines.flatMap(({ event, reason }) =>
      `${event}`.startsWith('authn_factor') ? [[event, reason]] : []
    )
    t.strictSame(changes, [
      ['authn_factor_added', 'passkey'],
      ['authn_factor_added', 'passkey'],
      ['authn_factor_removed', 'passkey']
    ])
  })
}

for (const algorithm of Object.keys(algorithms) as Algorithm[]) {
  t.test(`a passkey may sign with ${algorithm}`, async (t) => {
    const app = await build(t)
    const { authenticator } = await enroll(app, 'ada', first, createAuthenticator({ algorithm }))
    t.equal(outcome(await logInWith(app, first, authenticator)), '200')
  })
}

t.test('a session that is not fresh changes no passkey', async (t) => {
  const app = await build(t)
  const ada = await enroll(app, 'ada', first)
  const longAgo = new Date(0)
  await app.db.update(app.tables.sessions).set({ authenticatedAt: longAgo })
  await forgetCached(app)
  const one = `${PASSKEYS}/${ada.passkey.id}`
  for (const [line, payload] of [
    [`POST ${PASSKEYS}/challenge`],
    [`POST ${PASSKEYS}`, {}],
    [`PATCH ${one}`, { name: 'x' }],
    [`DELETE ${one}`]
  ] as const)
    t.equal(outcome(await call(app, ada, line, payload)), '403 REAUTHENTICATION_REQUIRED', line)
  t.equal((await listPasskeys(app, ada)).length, 1)
})

t.test('a feature may refuse that a user adds a passkey', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  app.enrollmentChecks.push(async () => {
    throw Object.assign(new Error('no'), { statusCode: 403, code: 'EMAIL_NOT_VERIFIED' })
  })
  for (const line of [`POST ${PASSKEYS}/challenge`, `POST ${PASSKEYS}`])
    t.equal((await call(app, ada, line, {})).statusCode, 403, line)
})

t.test('pages of CORS_API_ORIGINS, of the own host, and without TLS in development use passkeys', async (t) => {
  const CORS_API_ORIGINS = 'https://app.example.com,capacitor://localhost'
  const app = await build(t, { CORS_API_ORIGINS, COOKIE_SECURE: 'false' })
  const { authenticator } = await enroll(app, 'ada', first)
  const from = async (origin: string, host = 'localhost:3000') => {
    const payload = { ...(await assertion(app, authenticator, { origin })), authType: first.kind }
    return outcome(await post(app, LOGIN, payload, { host }))
  }
  for (const origin of [...CORS_API_ORIGINS.split(','), 'http://localhost:3000', 'https://localhost'])
    t.equal(await from(origin), '200', origin)
  const evil = 'http://evil.localhost:3000'
  t.equal(await from(evil, 'evil.localhost:3000'), '401 INVALID_CODE', 'a phishing page that forges the Host')
})

t.test('the passkeys of an account go with it, and an operator can take them away', async (t) => {
  const app = await build(t)
  const ada = await enroll(app, 'ada', first)
  const bea = await enroll(app, 'bea', first)
  await app.transaction({ steps: Object.assign({}, ...app.factorRemovals.map((remove) => remove(bea.user.id))) })
  t.equal(outcome(await logInWith(app, first, bea.authenticator)), '401 INVALID_CODE')
  t.equal(outcome(await logInWith(app, first, ada.authenticator)), '200')
  const pending = { ...(await assertion(app, ada.authenticator)), authType: first.kind }
  t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 204)
  t.equal(outcome(await post(app, LOGIN, pending)), '401 INVALID_CODE')
  t.equal(await app.db.$count(app.tables.passkeys), 0)
  t.ok(await signUp(app, 'ada'))
})
