import t from 'tap'
import { orThrow } from '../../client/src/index.ts'
import { PASSWORD, transports } from '../build.ts'
import { codeOf, forgetStep, wrongCode } from '../features/second-factor/codes.ts'
import { ADA, createSessionStorage, open } from './browser.ts'

for (const { kind } of transports) {
  t.test(`an authenticator is set up, asked for, and turned off (${kind})`, async (t) => {
    const items = createSessionStorage(t)
    const { openTab, app } = await open(t)
    const first = openTab(kind)
    const { id } = await first.login(ADA)
    const { secret } = await orThrow(first.api.POST('/api/users/me/totp'))
    await t.rejects(first.enableTotp(wrongCode(secret)), { code: 'INVALID_CODE' })
    const [recoveryCode = '', ...others] = await first.enableTotp(codeOf(secret))
    t.equal(others.length, 9)
    t.ok(await first.session(), 'the session was renewed')

    await first.logout()
    await t.rejects(first.login(ADA), {
      code: 'SECOND_FACTOR_REQUIRED',
      secondFactor: { methods: ['totp', 'recovery'] }
    })
    t.equal(await first.session(), null)

    const tab = openTab(kind)
    t.match(tab.pending('second-factor'), { methods: ['totp', 'recovery'] }, 'a reload loses nothing')
    await t.rejects(tab.secondFactor({ code: wrongCode(secret) }), { code: 'INVALID_CODE' })
    t.ok(tab.pending('second-factor'), 'the next try can be right')
    await forgetStep(app, id)
    await tab.secondFactor({ code: codeOf(secret) })
    const before = await tab.session()
    t.match(before, { user: { username: 'ada' }, session: { kind } })
    t.match(await openTab(kind).session(), { user: { username: 'ada' } }, 'also after a reload')

    await t.rejects(tab.reauthenticate(PASSWORD), { code: 'SECOND_FACTOR_REQUIRED' })
    t.match(await tab.session(), { session: { id: before?.session.id } }, 'the session is still there')
    await tab.secondFactor({ recoveryCode })
    t.not((await tab.session())?.session.id, before?.session.id)
    t.equal(tab.pending('second-factor'), null)
    t.equal(items.size, 0)
    await t.rejects(tab.secondFactor({ recoveryCode }), { code: 'TICKET_INVALID' })

    await tab.disableTotp()
    t.ok(await tab.session())
    await tab.logout()
    await tab.login(ADA)
    t.match(await tab.session(), { user: { username: 'ada' } })
  })
}
