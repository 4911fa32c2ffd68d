import t from 'tap'
import { backends, logIn, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { buildWith, claimsOf, comeBack, outcome, signUpWith } from './calls.ts'
import { startProvider } from './provider.ts'

const REAUTHENTICATE = 'POST /api/auth/reauthenticate'
const seconds = (ago = 0) => Math.floor(Date.now() / 1000) - ago

for (const [i, backend] of backends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] as Transport

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
