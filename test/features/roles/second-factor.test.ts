import t from 'tap'
import { build, transports } from '../../build.ts'
import { ask, codeOf, confirm, enroll, forgetStep } from '../second-factor/codes.ts'
import { act, giveRole, outcome, USERS } from './calls.ts'

for (const transport of transports) {
  t.test(`a ban shows only after the second factor, by ${transport.kind}`, async (t) => {
    const app = await build(t)
    const ada = await enroll(app, 'ada', transport)
    const pending = await ask(app, 'ada', transport.kind)
    await app.roleChanges.ban({ log: app.log }, null, ada.user.id, new Date())
    const { reply, ticket } = await ask(app, 'ada', transport.kind)
    t.equal(outcome(reply), '401 SECOND_FACTOR_REQUIRED', 'the password alone does not tell')
    t.equal(outcome(await confirm(app, { ticket, code: '000000' })), '401 INVALID_CODE')
    for (const open of [ticket, pending.ticket]) {
      await forgetStep(app, ada.user.id)
      const confirmed = await confirm(app, { ticket: open, code: codeOf(ada.secret) })
      t.equal(outcome(confirmed), '403 ACCOUNT_BANNED')
      t.notOk(confirmed.headers['set-cookie'])
    }
    t.equal((await app.sessions.listLive(ada.user.id, new Date())).length, 0)
  })
}

t.test('with ADMIN_SECOND_FACTOR, an admin with an authenticator app passes', async (t) => {
  const app = await build(t, { ADMIN_SECOND_FACTOR: 'true' })
  const ada = await enroll(app, 'ada', transports[0] as (typeof transports)[number])
  await giveRole(app, ada.user.id, 'admin')
  t.equal(await act(app, ada, `GET ${USERS}`), '200')
  await app.transaction({ steps: Object.assign({}, ...app.factorRemovals.map((remove) => remove(ada.user.id))) })
  t.equal(await act(app, ada, `GET ${USERS}`), '403 SECOND_FACTOR_NOT_ENABLED', 'not once it is removed')
})
