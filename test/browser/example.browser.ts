import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { PASSWORD } from '../build.ts'
import { field, isIn, isOut, press, rows, signIn, signUp } from './person.ts'
import { openBrowser, openStage, takeScreenshot, worlds } from './stage.ts'

const [world] = worlds
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0'
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1'
/** Signs in from another device. */
async function signInAs(api: string, userAgent: string) {
  const body = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
  const headers = { 'content-type': 'application/json', 'user-agent': userAgent }
  const { status } = await fetch(`${api}/api/auth/login`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (status !== 200) throw new Error(`login answered ${status}`)
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** Violations of WCAG 2.2, levels A and AA, and of best practices. */
async function findViolations(page: Page) {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)} })`)) as AxeResults
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Nothing overflows to the right, and tap targets are large enough (WCAG 2.2, 2.5.8). */
async function checkLayout(t: Test, page: Page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: innerWidth
  }))
  t.equal(content, window, 'no horizontal scrolling')
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox()
    t.ok(box && box.height >= 24 && box.width >= 24, 'the button is large enough')
  }
}

const looks = [
  { name: 'light', colorScheme: 'light' },
  { name: 'dark', colorScheme: 'dark' },
  { name: 'phone', colorScheme: 'light', phone: true },
  { name: 'phone-dark', colorScheme: 'dark', phone: true }
] as const

for (const look of looks) {
  t.test(`the example is accessible and fits the screen: ${look.name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, look)
    const page = await browser.openTab(stage.app)
    await isOut(page)
    t.same(await findViolations(page), [])
    await takeScreenshot(page, `sign-in-${look.name}`)
    await checkLayout(t, page)
    await signUp(page)
    await rows(page, 'Security activity').filter({ hasText: 'Account created' }).waitFor()
    for (const userAgent of [FIREFOX, SAFARI]) await signInAs(stage.api, userAgent)
    await page.reload()
    await rows(page, 'Security activity').filter({ hasText: 'Safari' }).waitFor()
    await page.getByRole('button', { name: 'Revoke' }).nth(1).waitFor()
    t.same(await findViolations(page), [])
    await checkLayout(t, page)
    await takeScreenshot(page, `account-${look.name}`)
    t.same(browser.complaints, [])

    await press(page, 'Sign out')
    await signIn(page, 'wrong')
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor()
    t.same(await findViolations(page), [], 'also with an error')
  })
}

t.test('errors appear next to their form, and keep what was typed', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const alert = (form: string) => page.getByRole('form', { name: form }).getByRole('alert')
  await signIn(page, 'wrong')
  await alert('Sign in').filter({ hasText: 'password' }).waitFor()
  t.equal(await field(page, 'Sign in', 'Username or email').inputValue(), 'ada', 'the typed name is still there')

  await field(page, 'Create account', 'Username').fill('a')
  await field(page, 'Create account', 'Email').fill('ada@example.com')
  await field(page, 'Create account', 'Name').fill('Ada')
  await field(page, 'Create account', 'New password').fill(PASSWORD)
  await press(page, 'Create account')
  await alert('Create account').filter({ hasText: /./ }).waitFor()
  const username = field(page, 'Create account', 'Username')
  t.equal(await username.getAttribute('aria-invalid'), 'true')
  const hint = page.locator(`[id="${await username.getAttribute('aria-describedby')}"]`)
  t.match(await hint.textContent(), /fewer than 3|at least 3/)
  t.same(await findViolations(page), [])
  t.equal(browser.complaints.splice(0).length, 2, 'a 401 and a 400')

  await signUp(page)
  await field(page, 'Change password', 'Current password').fill('wrong')
  await field(page, 'Change password', 'New password').fill('another long password')
  await press(page, 'Change password')
  await alert('Change password').filter({ hasText: 'password' }).waitFor()
  await page.reload()
  await isIn(page)
})

t.test('works with the keyboard alone, and keeps the focus', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await press(page, 'Sign out')
  await isOut(page)
  await field(page, 'Sign in', 'Username or email').focus()
  await page.keyboard.type('ada')
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await isIn(page)
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate(() => document.activeElement?.textContent), 'Sign out')
  await page.keyboard.press('Enter')
  await isOut(page)
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'usernameOrEmail')
  await page.getByRole('radio', { checked: true }).focus()
  await page.keyboard.press('ArrowDown')
  await page.getByRole('radio', { name: 'Access token', checked: true }).waitFor()
})

t.test('shows each session by browser, system and time', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  for (const userAgent of [FIREFOX, SAFARI, 'curl/8.14.1']) await signInAs(stage.api, userAgent)
  await press(page, 'Refresh')
  const sessions = rows(page, 'Active sessions')
  for (const device of ['Firefox · Windows', 'Safari · iOS', 'curl'])
    await sessions.filter({ hasText: device }).filter({ hasText: 'Last active just now' }).waitFor()
  await sessions.filter({ hasText: 'Chrome · Linux' }).filter({ hasText: 'This device' }).waitFor()

  await page.clock.setFixedTime(Date.now() + 2.5 * 60 * 60 * 1000)
  await press(page, 'Refresh')
  await sessions.filter({ hasText: 'curl' }).filter({ hasText: 'Last active 2 hours ago' }).waitFor()
  t.same(browser.complaints, [])
})

t.test('lists and revokes sessions, changes the password, deletes the account', async (t) => {
  const stage = await openStage(t, world, { FRESH_FOR: '10s' })
  const [here, there] = [await openBrowser(t), await openBrowser(t)]
  const page = await here.openTab(stage.app)
  await signUp(page)
  const other = await there.openTab(stage.app)
  await signIn(other)
  await isIn(other)
  await press(page, 'Refresh')
  const sessions = rows(page, 'Active sessions')
  await sessions.nth(1).waitFor()
  await press(page, 'Revoke')
  await sessions.nth(1).waitFor({ state: 'detached' })
  t.same(there.complaints, [])
  await press(other, 'Refresh')
  await isOut(other)
  t.match(there.complaints.splice(0), [/401/], 'the other browser notices with its next call')

  await signIn(other)
  await isIn(other)
  await press(page, 'Refresh')
  await press(page, 'Sign out everywhere else')
  await sessions.nth(1).waitFor({ state: 'detached' })

  await field(page, 'Change password', 'Current password').fill(PASSWORD)
  await field(page, 'Change password', 'New password').fill('another long password')
  await press(page, 'Change password')
  await page.getByText('Your password was changed').waitFor()
  await rows(page, 'Security activity').filter({ hasText: 'Password changed' }).waitFor()

  await page.getByText('confirm your password first').waitFor()
  await field(page, 'Confirm password', 'Password').fill('another long password')
  await press(page, 'Confirm password')
  page.once('dialog', (dialog) => dialog.accept())
  await press(page, 'Delete account')
  await isOut(page)
  t.same(here.complaints, [])
  await signIn(page, 'another long password')
  await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
})
