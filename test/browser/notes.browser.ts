import type { Page } from 'playwright-core'
import t from 'tap'
import { look, screens } from './looks.ts'
import { field, press, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

async function write(page: Page, title: string, text = '', due = '') {
  await press(page, 'New note')
  await field(page, 'Add note', 'Title').fill(title)
  await field(page, 'Add note', 'Text').fill(text)
  await field(page, 'Add note', 'Due').fill(due)
  await press(page, 'Add note')
  await page.getByRole('button', { name: 'New note' }).waitFor()
  await note(page, title).and(page.locator(':not([aria-busy="true"])')).waitFor()
}
const note = (page: Page, title: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: title })
const open = (page: Page, title: string) => note(page, title).getByRole('button').first().click()

for (const { name, phone } of screens) {
  t.test(`the notes are accessible and fit the screen: ${name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await signUp(page)
    await page.getByRole('heading', { name: 'No notes yet' }).waitFor()
    await look(t, page, `notes-empty-${name}`)
    await write(page, 'Book the train to Turin', '', '2036-12-18')
    await write(page, 'Read the paper on the Analytical Engine', 'Note G has the program for the Bernoulli numbers.')
    await write(page, 'Groceries', 'Milk, bread, two lemons', '2026-11-20')
    await write(page, 'Call Charles about Tuesday')
    await note(page, 'Turin').getByRole('checkbox').check()
    await page.locator('li:not([aria-busy="true"])').nth(3).waitFor()
    await look(t, page, `notes-${name}`)
    await open(page, 'Groceries')
    await look(t, page, `note-${name}`)
    t.same(browser.complaints, [])
  })
}

t.test('notes are written, edited, ticked off and deleted, and survive a reload', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await write(page, 'Groceries', 'Milk', '2036-01-31')
  await write(page, 'Laundry')
  await open(page, 'Groceries')
  t.equal(await field(page, 'Save note', 'Due').inputValue(), '2036-01-31')
  await field(page, 'Save note', 'Title').fill('Shopping')
  await field(page, 'Save note', 'Due').fill('')
  await press(page, 'Save note')
  await page
    .locator('li:not([aria-busy="true"])', { hasText: 'Shopping' })
    .getByRole('button')
    .and(page.locator(':focus'))
    .waitFor()
  await note(page, 'Shopping').getByRole('checkbox').check()
  await open(page, 'Laundry')
  await Promise.all([
    page.waitForResponse((reply) => reply.request().method() === 'DELETE'),
    press(page, 'Delete note')
  ])
  await note(page, 'Laundry').waitFor({ state: 'detached' })

  await page.reload()
  await note(page, 'Shopping').getByRole('checkbox', { checked: true }).waitFor()
  t.match(await note(page, 'Shopping').textContent(), /^ShoppingMilk$/)
  t.equal(await note(page, 'Laundry').count(), 0)
  t.same(browser.complaints, [])
})

t.test('a change shows before the service has answered, and is taken back if it refuses', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await write(page, 'Groceries', 'Milk')

  let answer = () => {}
  await browser.context.route('**/api/notes**', async (route) => {
    if (route.request().method() === 'GET' || route.request().method() === 'OPTIONS') return route.continue()
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    const headers = { 'access-control-allow-origin': stage.app, 'access-control-allow-credentials': 'true' }
    await route.fulfill({ status: 503, headers })
  })
  const alert = (scope = page.getByRole('main')) => scope.getByRole('alert').filter({ hasText: /./ })
  const refuse = async () => {
    answer()
    await alert().waitFor()
  }

  const box = note(page, 'Groceries').getByRole('checkbox')
  await box.click()
  t.ok(await box.isChecked(), 'ticked off at once')
  await refuse()
  t.notOk(await box.isChecked())

  await open(page, 'Groceries')
  await press(page, 'Delete note')
  await note(page, 'Groceries').waitFor({ state: 'detached' })
  await refuse()
  await note(page, 'Groceries').waitFor()

  await open(page, 'Groceries')
  await field(page, 'Save note', 'Text').fill('Milk and bread')
  await press(page, 'Save note')
  await note(page, 'Milk and bread').and(page.locator('[aria-busy="true"]')).waitFor()
  await refuse()
  t.equal(await field(page, 'Save note', 'Text').inputValue(), 'Milk and bread', 'the form still has what was typed')
  await press(page, 'Cancel')
  t.match(await note(page, 'Groceries').textContent(), /Milk$/)

  await press(page, 'New note')
  await field(page, 'Add note', 'Title').fill('Laundry')
  await press(page, 'Add note')
  await note(page, 'Laundry').waitFor()
  await refuse()
  await note(page, 'Laundry').waitFor({ state: 'detached' })
  t.equal(await field(page, 'Add note', 'Title').inputValue(), 'Laundry')
  t.ok(browser.complaints.every((text) => text.includes('503')))
})

t.test('the list goes on as the user scrolls', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await write(page, 'Note 1')
  await page.evaluate(async (api) => {
    for (let i = 2; i <= 65; i++) {
      await fetch(`${api}/api/notes`, {
        method: 'POST',
        credentials: 'include',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ title: `Note ${i}`, text: '' })
      })
    }
  }, stage.api)
  await page.reload()
  await note(page, 'Note 65').waitFor()
  t.ok((await page.getByRole('listitem').count()) < 65, 'not all at once')
  for (
    let i = 0;
    i < 20 &&
    (await note(page, 'Note 1')
      .filter({ hasText: /Note 1$/ })
      .count()) === 0;
    i++
  ) {
    await page.mouse.wheel(0, 2000)
    await page.waitForTimeout(100)
  }
  t.equal(await page.getByRole('listitem').count(), 65)
  t.equal(await page.getByRole('button', { name: 'Load more' }).count(), 0)
  await visit(page, 'Security')
  t.same(browser.complaints, [])
})
