import t from 'tap'
import { type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { buildWith, IDENTITIES, LOGIN, outcome, post, SIGN_UP, start } from './calls.ts'
import { REDIRECT_URI } from './provider.ts'
import { createVisitor, startRealProvider } from './real.ts'

t.test('a certified provider logs a user in, links, and confirms', async (t) => {
  const { kind, ...transport } = transports[0] as Transport
  const provider = await startRealProvider(t)
  provider.serve(REDIRECT_URI)
  const { app } = await buildWith(t, { test: provider })
  const visit = createVisitor(REDIRECT_URI)
  async function comeBack(session?: { headers: Record<string, string> }) {
    const { url, ticket } = await start(app, 'test', session)
    return { ticket, response: await visit(url) }
  }
  const refused = await post(app, LOGIN, { ...(await comeBack()), authType: kind })
  t.match(refused.json(), { code: 'SIGN_UP_REQUIRED', email: 'ada@example.com', name: 'The user ada' })
  const account = { ticket: refused.json().ticket, username: 'ada', name: 'Ada', authType: kind }
  const signedUp = await renewedBy(app, { kind, ...transport }, await post(app, SIGN_UP, account))
  t.match((await call(app, signedUp, `GET ${IDENTITIES}`)).json(), { identities: [{ provider: 'test' }] })

  const proof = await comeBack()
  const loggedIn = await post(app, LOGIN, { ...proof, authType: kind })
  t.match(loggedIn.json(), { user: { username: 'ada' } }, 'without a form: the provider still knows the user')
  t.equal(outcome(await post(app, LOGIN, { ...proof, authType: kind })), '401 TICKET_INVALID')
  const code = await comeBack()
  t.equal(
    outcome(await post(app, LOGIN, { ...(await comeBack()), response: code.response, authType: kind })),
    '401 OIDC_FAILED'
  )

  const session = await renewedBy(app, { kind, ...transport }, loggedIn)
  t.equal(
    outcome(await call(app, session, `POST ${IDENTITIES}`, await comeBack(session))),
    '403 REAUTHENTICATION_REQUIRED'
  )
  const oidc = await comeBack(session)
  const fresh = await renewedBy(
    app,
    { kind, ...transport },
    await call(app, session, 'POST /api/auth/reauthenticate', { oidc })
  )
  t.equal(
    outcome(await call(app, fresh, `POST ${IDENTITIES}`, await comeBack(fresh))),
    '409 IDENTITY_TAKEN',
    'it is fresh'
  )
})
