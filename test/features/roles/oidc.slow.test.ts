import t from 'tap'
import { backends, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { claimsOf, comeBack, LOGIN, logInWith, post, settingsFor, signUpWith } from '../oidc/calls.ts'
import { startProvider } from '../oidc/provider.ts'
import { raceBan } from './race.ts'

for (const backend of backends) {
  t.test(
    `a provider lets nobody in after the reply to a ban, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const provider = await startProvider(t)
      const transport = transports[0] as Transport
      const claims = claimsOf('ada', { auth_time: Math.floor(Date.now() / 1000) })
      const prepare: Parameters<typeof raceBan>[2] = async (one, two) => {
        const { user } = (await signUpWith(one, transport, provider, 'ada')).json<{ user: { id: string } }>()
        return {
          id: user.id,
          async begin() {
            const session = await renewedBy(two, transport, await logInWith(two, transport, provider, { claims }))
            const proofs = await Promise.all(transports.map(() => comeBack(two, provider, { claims })))
            const oidc = await comeBack(two, provider, { claims }, session)
            const logins = proofs.map((proof, n) => post(two, LOGIN, { ...proof, authType: transports[n]?.kind }))
            return {
              sessions: [session],
              calls: [...logins, call(two, session, 'POST /api/auth/reauthenticate', { oidc })]
            }
          }
        }
      }
      await raceBan(t, backend, prepare, settingsFor({ test: provider }))
    }
  )
}
