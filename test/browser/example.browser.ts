import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { PASSWORD } from '../build.ts'
import { logInBy } from '../process.ts'
import { field, isIn, isOut, logIn, press, signUp } from './person.ts'
import { openBrowser, openStage, takePicture, worlds } from './stage.ts'

const [world] = worlds
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** By the rules of WCAG 2.2, A and AA, and of good practice. */
async function findViolations(page: Page) {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)} })`)) as AxeResults
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Nothing sticks out at the right, and whatever is tapped is large enough (WCAG 2.2, 2.5.8). */
async function checkLayout(t: Test, page: Page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: innerWidth
  }))
  t.equal(content, window, 'no scrolling sideways')
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox()
    t.ok(box && box.height >= 24 && box.width >= 24, 'a button is large enough')
  }
}

const looks = [
  { name: 'light', colorScheme: 'light' },
  { name: 'dark', colorScheme: 'dark' },
  { name: 'phone', colorScheme: 'light', phone: true },
  { name: 'phone-dark', colorScheme: 'dark', phone: true }
] as const

for (const look of looks) {
  t.test(`the example is accessible and keeps its layout: ${look.name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, look)
    const page = await browser.openTab(stage.app)
    await isOut(page)
    t.same(await findViolations(page), [])
    await takePicture(page, `entrance-${look.name}`)
    await checkLayout(t, page)
    await signUp(page)
    await page.getByText('Signed up').waitFor()
    for (const kind of ['cookie', 'token']) await logInBy(stage.api, 'ada', kind)
    await press(page, 'Look again')
    await page.getByRole('button', { name: 'End it' }).nth(1).waitFor()
    t.same(await findViolations(page), [])
    await checkLayout(t, page)
    await takePicture(page, `account-${look.name}`)
    t.same(browser.complaints, [])

    await press(page, 'Log out')
    await logIn(page, 'wrong')
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor()
    t.same(await findViolations(page), [], 'with an error, too')
  })
}

t.test('what is refused is said where it was asked, and nothing is lost', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const alert = (form: string) => page.getByRole('form', { name: form }).getByRole('alert')
  await logIn(page, 'wrong')
  await alert('Log in').filter({ hasText: 'password' }).waitFor()
  t.equal(await field(page, 'Log in', 'User name or e-mail').inputValue(), 'ada', 'what was typed is still there')

  await field(page, 'Sign up', 'User name').fill('a')
  await field(page, 'Sign up', 'E-mail').fill('ada@example.com')
  await field(page, 'Sign up', 'Name').fill('Ada')
  await field(page, 'Sign up', 'New password').fill(PASSWORD)
  await press(page, 'Sign up')
  await alert('Sign up').filter({ hasText: /./ }).waitFor()
  const username = field(page, 'Sign up', 'User name')
  t.equal(await username.getAttribute('aria-invalid'), 'true')
  const hint = page.locator(`[id="${await username.getAttribute('aria-describedby')}"]`)
  t.match(await hint.textContent(), /fewer than 3|at least 3/)
  t.same(await findViolations(page), [])
  t.equal(browser.complaints.splice(0).length, 2, 'a 401 and a 400')

  await signUp(page)
  await field(page, 'Change it', 'Current password').fill('wrong')
  await field(page, 'Change it', 'New password').fill('another long password')
  await press(page, 'Change it')
  await alert('Change it').filter({ hasText: 'password' }).waitFor()
  await page.reload()
  await isIn(page)
})

t.test('by keyboard alone one logs in, and goes on where one is', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await press(page, 'Log out')
  await isOut(page)
  await field(page, 'Log in', 'User name or e-mail').focus()
  await page.keyboard.type('ada')
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await isIn(page)
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate(() => document.activeElement?.textContent), 'Log out')
  await page.keyboard.press('Enter')
  await isOut(page)
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'transport')
  await page.keyboard.press('ArrowDown')
  await page.getByRole('radio', { name: 'access token', checked: true }).waitFor()
})

t.test('logins are listed and ended, the password changed, the account deleted', async (t) => {
  const stage = await openStage(t, world, { FRESH_FOR: '10s' })
  const [here, there] = [await openBrowser(t), await openBrowser(t)]
  const page = await here.openTab(stage.app)
  await signUp(page)
  const other = await there.openTab(stage.app)
  await logIn(other)
  await isIn(other)
  await press(page, 'Look again')
  const logins = page.getByRole('listitem').filter({ hasText: 'by cookie' })
  await logins.nth(1).waitFor()
  await press(page, 'End it')
  await logins.nth(1).waitFor({ state: 'detached' })
  t.same(there.complaints, [])
  await press(other, 'Look again')
  await isOut(other)
  t.match(there.complaints.splice(0), [/401/], 'it hears of it with the next call')

  await logIn(other)
  await isIn(other)
  await press(page, 'Look again')
  await press(page, 'End all others')
  await logins.nth(1).waitFor({ state: 'detached' })

  await field(page, 'Change it', 'Current password').fill(PASSWORD)
  await field(page, 'Change it', 'New password').fill('another long password')
  await press(page, 'Change it')
  await page.getByText('It is changed').waitFor()
  await page.getByText('Password changed').waitFor()

  await page.getByRole('heading', { name: 'not fresh' }).waitFor()
  await field(page, 'Make it fresh', 'Password').fill('another long password')
  await press(page, 'Make it fresh')
  page.once('dialog', (dialog) => dialog.accept())
  await press(page, 'Delete my account')
  await isOut(page)
  t.same(here.complaints, [])
  await logIn(page, 'another long password')
  await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
})
