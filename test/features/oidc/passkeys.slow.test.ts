import t from 'tap'
import { type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { createAuthenticator } from '../passkeys/authenticator.ts'
import { addPasskey } from '../passkeys/calls.ts'
import { buildWith, claimsOf, IDENTITIES, type Identity, logInWith, outcome, signUpWith } from './calls.ts'
import { startProvider } from './provider.ts'

t.test('a passkey and an identity, removed at once, leave one of them', async (t) => {
  const provider = await startProvider(t)
  const { app } = await buildWith(t, { test: provider })
  const transport = transports[0] as Transport
  await signUpWith(app, transport, provider, 'ada')
  const claims = claimsOf('ada', { auth_time: Math.floor(Date.now() / 1000) })
  const ada = await renewedBy(app, transport, await logInWith(app, transport, provider, { claims }))
  const passkey = (await addPasskey(app, ada, createAuthenticator())).json<{ id: string }>()
  const { identities } = (await call(app, ada, `GET ${IDENTITIES}`)).json<{ identities: Identity[] }>()
  const replies = await Promise.all([
    call(app, ada, `DELETE /api/users/me/passkeys/${passkey.id}`),
    call(app, ada, `DELETE ${IDENTITIES}/${identities[0]?.id}`)
  ])
  t.same(replies.map(outcome).sort(), ['204', '409 LAST_CREDENTIAL'])
})
