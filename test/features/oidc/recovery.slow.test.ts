import t from 'tap'
import { logIn, PASSWORD, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, resetPassword } from '../recovery/mails.ts'
import { claimsOf, comeBack, IDENTITIES, logInWith, outcome, settingsFor, signUpWith } from './calls.ts'
import { startProvider } from './provider.ts'

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
