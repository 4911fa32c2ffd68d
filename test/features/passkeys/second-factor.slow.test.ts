import t from 'tap'
import { backends, build, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { ask, confirm, enroll as setUpAuthenticator } from '../second-factor/codes.ts'
import { createAuthenticator, FLAGS } from './authenticator.ts'
import { addPasskey, assertion, enroll, logInWith, outcome } from './calls.ts'

for (const [i, backend] of backends.entries()) {
  const transport = transports[i % transports.length] as Transport

  t.test(
    `ASVS 6.3.4: a passkey is a second factor, and more than one, by ${transport.kind} on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const eve = await enroll(app, 'eve', transport)
      t.equal((await ask(app, 'eve', transport.kind)).reply.statusCode, 200, 'a passkey turns nothing on')

      const ada = await setUpAuthenticator(app, 'ada', transport)
      const authenticator = createAuthenticator({ synced: true })
      t.equal((await addPasskey(app, ada, authenticator)).statusCode, 201)
      const loggedIn = await logInWith(app, transport, authenticator)
      t.equal(loggedIn.statusCode, 200, 'nobody asks for a code')

      const { ticket, reply } = await ask(app, 'ada', transport.kind)
      t.strictSame(reply.json().secondFactor.methods, ['totp', 'recovery', 'passkey'])
      const use = async (passkey: object) => outcome(await confirm(app, { ticket, passkey }))
      t.equal(await use(await assertion(app, eve.authenticator)), '401 INVALID_CODE', 'of somebody else')
      t.equal(await use(await assertion(app, authenticator, { flags: FLAGS.up })), '401 INVALID_CODE', 'UV=0')
      const passkey = await assertion(app, authenticator)
      const confirmed = await confirm(app, { ticket, passkey })
      t.match(confirmed.json(), { user: { username: 'ada' } })
      const session = await renewedBy(app, transport, confirmed)
      t.match(await app.sessions.find(session.sid), { methods: /^pwd swk user mfa/ })

      const again = await ask(app, 'ada', transport.kind)
      t.equal(
        outcome(await confirm(app, { ticket: again.ticket, passkey })),
        '401 TICKET_INVALID',
        'a reused challenge'
      )
      const passkeyTicket = { ...(await assertion(app, authenticator)), ticket: again.ticket }
      t.equal(outcome(await confirm(app, { ticket: again.ticket, passkey: passkeyTicket })), '401 TICKET_INVALID')
      const fresh = await call(app, session, 'POST /api/auth/reauthenticate', {
        passkey: await assertion(app, authenticator)
      })
      t.ok(fresh.statusCode < 300, 'confirming by passkey asks for nothing more')
    }
  )
}
