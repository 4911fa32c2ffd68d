import t from 'tap'
import { signUpBy } from '../process.ts'
import { look, screens } from './looks.ts'
import { field, press, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

for (const { name, phone } of screens) {
  t.test(`an admin finds a user, gives a role, and bans: ${name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await signUp(page)
    const link = page.getByRole('link', { name: 'Users', exact: true })
    await visit(page, 'Security')
    t.equal(await link.count(), 0, 'only for those who may see it')
    stage.users('role', 'ada', 'admin')
    for (const other of ['eve', 'bob']) await signUpBy(stage.api, other)
    await page.reload()
    await visit(page, 'Users')
    const all = page.getByRole('listitem')
    await all.filter({ hasText: 'eve@example.com' }).waitFor()
    t.equal(await all.count(), 3)
    await field(page, 'Search', 'Username or email').fill('EVE')
    await press(page, 'Search')
    await all.filter({ hasText: 'bob@example.com' }).waitFor({ state: 'detached' })
    await press(page, 'Manage')
    await field(page, 'Save role', 'Role').and(page.locator(':focus')).selectOption('Support')
    await press(page, 'Save role')
    await all.filter({ hasText: 'Support' }).locator('.badge').waitFor()
    await press(page, 'Ban')
    await all.locator('.badge', { hasText: 'Banned' }).waitFor()
    await look(t, page, `users-${name}`)
    await press(page, 'Lift the ban')
    await all.locator('.badge', { hasText: 'Support' }).waitFor()
    await press(page, 'End all sessions')
    t.strictSame(browser.complaints, [])

    await page.reload()
    const self = all.filter({ hasText: 'ada@example.com' })
    await self.getByRole('button', { name: 'Manage' }).click()
    await press(page, 'Ban')
    await self.getByRole('alert').filter({ hasText: 'This is the last admin' }).waitFor()
    t.match(browser.complaints, [/409/])
  })
}
