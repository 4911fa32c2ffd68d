import t from 'tap'
import { signUp, transports } from '../build.ts'
import { giveRole } from '../features/roles/calls.ts'
import { ADA, open } from './browser.ts'

for (const { kind } of transports) {
  t.test(`an admin finds and bans a user, and gives roles (${kind})`, async (t) => {
    const { openTab, app } = await open(t)
    const tab = openTab(kind)
    const { id } = await tab.login(ADA)
    await t.rejects(tab.admin.users(), { code: 'FORBIDDEN' })
    await giveRole(app, id, 'admin')
    const eve = await signUp(app, 'eve')
    t.match(await tab.admin.users({ query: 'EVE' }), { users: [{ id: eve.id, role: 'user' }], nextCursor: null })
    t.match(await tab.admin.setRole(eve.id, 'support'), { role: 'support' })
    await tab.admin.ban(eve.id)
    t.ok((await tab.admin.user(eve.id)).bannedAt)
    await tab.admin.unban(eve.id)
    t.equal((await tab.admin.user(eve.id)).bannedAt, null)
    await tab.admin.endSessions(eve.id)
    await t.rejects(tab.admin.ban(id), { code: 'LAST_ADMIN' })
    t.equal((await tab.admin.users()).users.length, 2)
  })
}
