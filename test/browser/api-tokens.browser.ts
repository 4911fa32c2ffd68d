import t from 'tap'
import { look, screens } from './looks.ts'
import { field, press, rows, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

for (const { name, phone } of screens) {
  t.test(`an API token is made, shown once, used, and deleted: ${name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await signUp(page)
    await visit(page, 'Security')
    await press(page, 'Make a token')
    await field(page, 'Make token', 'Name of the token').and(page.locator(':focus')).fill('Backup script')
    await press(page, 'Make token')
    await page.getByRole('alert').filter({ hasText: 'Choose what the token may do.' }).waitFor()
    await field(page, 'Make token', 'Read your notes').check()
    await field(page, 'Make token', 'Valid for').selectOption('30 days')
    await look(t, page, `api-token-form-${name}`)
    await press(page, 'Make token')
    await page.getByText('Save this token now.').waitFor()
    await look(t, page, `api-token-${name}`)
    await press(page, 'Copy')
    await page.getByText('Copied.').waitFor()
    const token = await page.evaluate(() => navigator.clipboard.readText())
    const use = async () =>
      (await fetch(`${stage.api}/api/notes`, { headers: { authorization: `Bearer ${token}` } })).status
    t.equal(await use(), 200)

    await page.reload()
    const row = rows(page, 'API tokens').filter({ hasText: 'Backup script' })
    await row.filter({ hasText: 'last used just now' }).waitFor()
    t.notMatch(await page.content(), token, 'it is not shown again')
    await row.getByRole('button', { name: 'Delete' }).click()
    await look(t, page, `api-token-delete-${name}`)
    await press(page, 'Yes, delete it')
    await row.waitFor({ state: 'detached' })
    t.equal(await use(), 401)
    await page.reload()
    await rows(page, 'Security activity').filter({ hasText: 'API token deleted' }).waitFor()
    t.strictSame(browser.complaints, [])
  })
}
