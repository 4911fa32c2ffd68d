import t from 'tap'
import { backends, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { codeOf, confirm, enroll } from '../second-factor/codes.ts'
import { buildWith, claimsOf, comeBack, IDENTITIES, logInWith, outcome } from './calls.ts'
import { startProvider } from './provider.ts'

for (const [i, backend] of backends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] as Transport

  t.test(`ASVS 6.3.4: a provider does not replace the second factor, on ${backend.name}`, options, async (t) => {
    const provider = await startProvider(t)
    const { app } = await buildWith(t, { test: provider }, await backend.environment())
    const ada = await enroll(app, 'ada', transport)
    // What the provider says of its own factors does not count.
    const authTime = Math.floor(Date.now() / 1000) - 60
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
    t.equal(outcome(await call(app, loggedIn, 'POST /api/auth/reauthenticate', { oidc })), '401 SECOND_FACTOR_REQUIRED')
  })
}
