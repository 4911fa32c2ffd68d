import t from 'tap'
import { backends, build, buildWithLog, PASSWORD, transports, transportsOn } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { assertion, enroll, outcome } from './calls.ts'

const REAUTHENTICATE = 'POST /api/auth/reauthenticate'

for (const backend of backends) {
  for (const transport of transportsOn(backend)) {
    t.test(
      `ASVS 7.5.3: a passkey confirms its user, by ${transport.kind} on ${backend.name}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await enroll(app, 'ada', transport)
        const passkey = await assertion(app, ada.authenticator)
        const confirmed = await renewedBy(app, transport, await call(app, ada, REAUTHENTICATE, { passkey }))
        t.equal(confirmed.status, 200)
        t.match(await app.sessions.find(confirmed.sid), { methods: 'hwk user mfa' })
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 401, 'the session was renewed')
        t.equal(outcome(await call(app, confirmed, REAUTHENTICATE, { passkey })), '401 TICKET_INVALID')
      }
    )
  }
}

t.test('confirming takes the passkey of the user, or the password, and nothing else', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const [transport] = transports
  if (!transport) return
  const ada = await enroll(app, 'ada', transport)
  const eve = await enroll(app, 'eve', transport)
  const stolen = await assertion(app, eve.authenticator)
  t.equal(outcome(await call(app, ada, REAUTHENTICATE, { passkey: stolen })), '401 INVALID_CODE')
  t.match(
    lines.filter(({ event }) => event === 'authn_login_fail'),
    [{ userId: ada.user.id, reason: 'passkey' }]
  )
  const passkey = await assertion(app, ada.authenticator)
  for (const payload of [{}, { passkey, password: PASSWORD }, { passkey: 'x' }, { passkey: { ticket: 'x' } }, { x: 1 }])
    t.equal(outcome(await call(app, ada, REAUTHENTICATE, payload)), '400 VALIDATION_FAILED')
  t.ok((await call(app, ada, REAUTHENTICATE, { password: PASSWORD })).statusCode < 300)
})
