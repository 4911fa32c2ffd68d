import t from 'tap'
import { backends, logIn, PASSWORD, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { createAuthenticator } from '../passkeys/authenticator.ts'
import { addPasskey } from '../passkeys/calls.ts'
import { buildWithMail, resetPassword } from '../recovery/mails.ts'
import { codeOf, confirm, enroll } from '../second-factor/codes.ts'
import {
  buildWith,
  claimsOf,
  comeBack,
  IDENTITIES,
  type Identity,
  logInWith,
  outcome,
  settingsFor,
  signUpWith
} from './calls.ts'
import { startProvider } from './provider.ts'

const REAUTHENTICATE = 'POST /api/auth/reauthenticate'
const seconds = (ago = 0) => Math.floor(Date.now() / 1000) - ago

for (const [i, backend] of backends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] as Transport

  t.test(`ASVS 6.3.4: a provider does not replace the second factor, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const ada = await enroll(app, 'ada', transport)
    // What the provider says of its own factors does not count.
    const authTime = seconds(60)
    const claims = claimsOf('ada', { auth_time: authTime, amr: ['pwd', 'otp', 'mfa'] })
    t.equal(outcome(await call(app, ada, `POST ${IDENTITIES}`, await comeBack(app, provider, { claims }))), '201')
    const asked = await logInWith(app, transport, provider, { claims })
    t.equal(outcome(asked), '401 SECOND_FACTOR_REQUIRED')
    const { ticket, methods } = asked.json().secondFactor
    t.same(methods, ['totp', 'recovery'])
    const code = codeOf(ada.secret)
    const loggedIn = await renewedBy(app, transport, await confirm(app, { ticket, code }))
    const session = await app.sessions.find(loggedIn.sid)
    t.match(session, {
      methods: 'fed otp mfa',
      authenticatedAt: new Date(authTime * 1000)
    })

    const oidc = await comeBack(app, provider, { claims }, loggedIn)
    t.equal(outcome(await call(app, loggedIn, REAUTHENTICATE, { oidc })), '401 SECOND_FACTOR_REQUIRED')
  })

  t.test(`ASVS 7.5.3: a provider confirms its user, if it says when, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, { ...(await backend.environment()), FRESH_FOR: '10m' })
    const eve = await logIn(app, 'eve', transport)
    const signedUp = await renewedBy(app, transport, await signUpWith(app, transport, provider, 'ada'))
    const isFresh = async (session: Pick<typeof signedUp, 'headers'>) => {
      const { freshUntil } = (await call(app, session, 'GET /api/auth/whoami')).json()
      return new Date(freshUntil) > new Date()
    }
    t.notOk(await isFresh(signedUp))
    async function reauthenticate(session: Pick<typeof signedUp, 'headers'>, more: object, name = 'ada') {
      const claims = claimsOf(name, more)
      return call(app, session, REAUTHENTICATE, { oidc: await comeBack(app, provider, { claims }, session) })
    }
    const unknown = await renewedBy(app, transport, await reauthenticate(signedUp, {}))
    t.notOk(await isFresh(unknown), 'nobody knows when')
    const long = await renewedBy(app, transport, await reauthenticate(unknown, { auth_time: seconds(3600) }))
    t.notOk(await isFresh(long), 'an hour ago')
    const fresh = await renewedBy(app, transport, await reauthenticate(long, { auth_time: seconds(10) }))
    t.ok(await isFresh(fresh))
    const still = await renewedBy(app, transport, await reauthenticate(fresh, {}))
    t.ok(await isFresh(still), 'it does not get older')
    const ahead = await renewedBy(app, transport, await reauthenticate(still, { auth_time: seconds(-9000) }))
    const { authenticatedAt } = (await app.sessions.find(ahead.sid)) ?? {}
    t.ok(authenticatedAt && authenticatedAt <= new Date(), 'a clock that is ahead')
    t.equal(outcome(await reauthenticate(ahead, { auth_time: seconds() }, 'eve')), '401 OIDC_FAILED', 'somebody else')
    t.equal(outcome(await reauthenticate(eve, { auth_time: seconds() })), '401 OIDC_FAILED', 'another account')
  })
}

t.test('a passkey and an identity, removed at once, leave one of them', async (t) => {
  const provider = await startProvider(t)
  const { app } = await buildWith(t, { test: provider })
  const transport = transports[0] as Transport
  await signUpWith(app, transport, provider, 'ada')
  const claims = claimsOf('ada', { auth_time: seconds() })
  const ada = await renewedBy(app, transport, await logInWith(app, transport, provider, { claims }))
  const passkey = (await addPasskey(app, ada, createAuthenticator())).json<{ id: string }>()
  const { identities } = (await call(app, ada, `GET ${IDENTITIES}`)).json<{ identities: Identity[] }>()
  const replies = await Promise.all([
    call(app, ada, `DELETE /api/users/me/passkeys/${passkey.id}`),
    call(app, ada, `DELETE ${IDENTITIES}/${identities[0]?.id}`)
  ])
  t.same(replies.map(outcome).sort(), ['204', '409 LAST_CREDENTIAL'])
})

t.test('an address that a provider verified counts, and a reset gives its user a first password', async (t) => {
  const provider = await startProvider(t)
  const withMail = await buildWithMail(t, settingsFor({ test: provider }))
  const { app, mailTo } = withMail
  const transport = transports[0] as Transport
  const signedUp = await signUpWith(app, transport, provider, 'ada')
  t.match(signedUp.json(), { user: { emailVerified: true } })
  t.ok((await resetPassword(withMail, 'ada@example.com', 'a long first password')).statusCode < 300)
  const ada = { ...(await transport.logIn(app, 'ada', { password: PASSWORD })) }
  const security = (await call(app, ada, 'GET /api/users/me/security')).json()
  t.match(security, { hasPassword: true, identities: 1, emailVerified: true })

  const more = await comeBack(app, provider, { claims: claimsOf('another') })
  t.equal(outcome(await call(app, ada, `POST ${IDENTITIES}`, more)), '201')
  t.ok(await mailTo('ada@example.com', /provider was linked/))
})

t.test(
  'a reset of an address that nobody verified removes identities, and one of the operator keeps the last way in',
  async (t) => {
    const provider = await startProvider(t)
    const withMail = await buildWithMail(t, settingsFor({ test: provider }))
    const { app } = withMail
    const transport = transports[0] as Transport
    const eve = await logIn(app, 'eve', transport)
    const proof = await comeBack(app, provider, { claims: claimsOf('eve') })
    t.equal(outcome(await call(app, eve, `POST ${IDENTITIES}`, proof)), '403 EMAIL_NOT_VERIFIED')
    const linked = { provider: 'test', issuer: provider.issuer, subject: 'eve-1', createdAt: new Date() }
    await app.db
      .insert(app.tables.identities)
      .values({ id: '01890a5d-ac96-774b-bcce-b302099a8057', userId: eve.user.id, ...linked })
    t.ok((await resetPassword(withMail, 'eve@example.com', 'another long password')).statusCode < 300)
    t.equal(await app.db.$count(app.tables.identities), 0, 'who squatted the address keeps nothing')

    const { user } = (await signUpWith(app, transport, provider, 'ada')).json()
    const removals = app.factorRemovals.map((removal) => removal(user.id))
    await app.transaction({ steps: Object.assign({}, ...removals) })
    t.equal((await logInWith(app, transport, provider, { claims: claimsOf('ada') })).statusCode, 200)
  }
)
