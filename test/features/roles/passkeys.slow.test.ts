import t from 'tap'
import { backends, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { createAuthenticator } from '../passkeys/authenticator.ts'
import { assertion, enroll, logInWith, post } from '../passkeys/calls.ts'
import { raceBan } from './race.ts'

for (const backend of backends) {
  t.test(`a passkey lets nobody in after the reply to a ban, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    await raceBan(t, backend, async (one, two) => {
      const transport = transports[0] as Transport
      // A synced one: it has no counter, so that several logins at once are right.
      const { user, authenticator } = await enroll(one, 'ada', transport, createAuthenticator({ synced: true }))
      return {
        id: user.id,
        async begin() {
          const session = await renewedBy(two, transport, await logInWith(two, transport, authenticator))
          const proofs = await Promise.all(transports.map(() => assertion(two, authenticator)))
          const passkey = await assertion(two, authenticator)
          const logins = proofs.map((proof, n) =>
            post(two, '/api/auth/passkeys/login', { ...proof, authType: transports[n]?.kind })
          )
          return {
            sessions: [session],
            calls: [...logins, call(two, session, 'POST /api/auth/reauthenticate', { passkey })]
          }
        }
      }
    })
  })
}
