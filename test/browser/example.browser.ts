import t from 'tap'
import { PASSWORD } from '../build.ts'
import { look, screens } from './looks.ts'
import { field, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

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

for (const { name, phone } of screens) {
  t.test(`the example is accessible and fits the screen: ${name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    const check = (what: string) => look(t, page, `${what}-${name}`)
    await isOut(page)
    await check('sign-in')
    await visit(page, 'Create an account')
    await check('sign-up')
    await visit(page, 'Sign in')
    await signUp(page)
    for (const userAgent of [FIREFOX, SAFARI]) await signInAs(stage.api, userAgent)
    await visit(page, 'Security')
    await rows(page, 'Security activity').filter({ hasText: 'Safari' }).waitFor()
    await page.getByRole('button', { name: 'End session' }).nth(1).waitFor()
    await check('security')
    await press(page, 'Change password')
    await check('change-password')
    await visit(page, 'Account')
    await check('account')
    await press(page, 'Delete account')
    await check('delete-account')
    await press(page, 'Cancel')
    t.same(browser.complaints, [])

    await press(page, 'Sign out')
    await page.getByText('You have signed out.').waitFor()
    await signIn(page, 'wrong')
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor()
    await check('sign-in-error')
  })
}

t.test('errors appear at their field or form, which gets the focus, and keep what was typed', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const alert = (form: string) => page.getByRole('form', { name: form }).getByRole('alert')
  await signIn(page, 'wrong')
  await alert('Sign in').filter({ hasText: 'password' }).waitFor()
  t.equal(await field(page, 'Sign in', 'Username or email').inputValue(), 'ada', 'the typed name is still there')

  await visit(page, 'Create an account')
  const username = field(page, 'Create account', 'Username')
  await username.fill('a')
  await field(page, 'Create account', 'Email').fill('ada@example.com')
  await field(page, 'Create account', 'Name').fill('Ada')
  await field(page, 'Create account', 'Password').fill(PASSWORD)
  await press(page, 'Create account')
  await page.locator('input:focus[aria-invalid="true"]').waitFor()
  t.equal(await username.getAttribute('aria-invalid'), 'true')
  const hint = page.locator(`[id="${await username.getAttribute('aria-describedby')}"]`)
  t.match(await hint.textContent(), /3/)
  t.equal(await alert('Create account').textContent(), '', 'the form does not repeat it')
  await look(t, page, 'sign-up-error')
  t.equal(browser.complaints.splice(0).length, 2, 'a 401 and a 400')

  await visit(page, 'Sign in')
  await signUp(page)
  await visit(page, 'Security')
  await press(page, 'Change password')
  await field(page, 'Change password', 'Current password').fill('wrong')
  await field(page, 'Change password', 'New password').fill('another long password')
  await press(page, 'Change password')
  await alert('Change password').filter({ hasText: 'password' }).waitFor()
  await press(page, 'Sign out')
  await visit(page, 'Create an account')
  await username.fill('ADA')
  await field(page, 'Create account', 'Email').fill('other@example.com')
  await field(page, 'Create account', 'Name').fill('Ada')
  await field(page, 'Create account', 'Password').fill(PASSWORD)
  await press(page, 'Create account')
  await page.locator('input[name="username"]:focus[aria-invalid="true"]').waitFor()
})

t.test('works with the keyboard alone, and keeps the focus', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const focused = () => page.evaluate(() => document.activeElement?.textContent)
  const tabTo = async (text: string) => {
    for (let i = 0; i < 12 && (await focused()) !== text; i++) await page.keyboard.press('Tab')
    t.equal(await focused(), text)
  }
  await signUp(page)
  await press(page, 'Sign out')
  await isOut(page)
  await field(page, 'Sign in', 'Username or email').focus()
  await page.keyboard.type('ada')
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await isIn(page)
  t.equal(await page.evaluate(() => document.activeElement?.tagName), 'MAIN', 'continues with the new page')

  await page.getByRole('link', { name: 'Security' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Security', exact: true }).waitFor()
  t.equal(await page.title(), 'Security · Fastify minimal starter')
  await tabTo('Change password')
  await page.keyboard.press('Enter')
  await page.locator('input[name="currentPassword"]:focus').waitFor()
  await tabTo('Cancel')
  await page.keyboard.press('Enter')
  t.equal(await focused(), 'Change password', 'closing returns the focus')

  await page.getByRole('button', { name: 'Sign out', exact: true }).focus()
  await page.keyboard.press('Enter')
  await isOut(page)
  await page.keyboard.press('Tab')
  await page.locator('input[name="usernameOrEmail"]:focus').waitFor()
  await page.getByRole('radio', { checked: true }).focus()
  await page.keyboard.press('ArrowDown')
  await page.getByRole('radio', { name: 'Access token', checked: true }).waitFor()
})

t.test('a password can be made visible', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const password = field(page, 'Sign in', 'Password')
  t.equal(await password.getAttribute('type'), 'password')
  await press(page, 'Show password')
  t.equal(await password.getAttribute('type'), 'text')
  await press(page, 'Hide password')
  t.equal(await password.getAttribute('type'), 'password')
})

t.test('shows each session by browser, system and time, and a sign-up as one event', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await visit(page, 'Security')
  await rows(page, 'Security activity').filter({ hasText: 'Account created' }).waitFor()
  t.equal(await rows(page, 'Security activity').count(), 1)

  for (const userAgent of [FIREFOX, SAFARI, 'curl/8.14.1']) await signInAs(stage.api, userAgent)
  await press(page, 'Refresh')
  const sessions = rows(page, 'Active sessions')
  for (const device of ['Firefox on Windows', 'Safari on iOS', 'curl'])
    await sessions.filter({ hasText: device }).filter({ hasText: 'Last active just now' }).waitFor()
  t.match(await sessions.first().textContent(), /Chrome on Linux.*This device/)

  await page.clock.setFixedTime(Date.now() + 2.5 * 60 * 60 * 1000)
  await press(page, 'Refresh')
  await sessions.filter({ hasText: 'curl' }).filter({ hasText: 'Last active 2 hours ago' }).waitFor()
  t.same(browser.complaints, [])
})

t.test('ends sessions, says so where they ended, and changes the password', async (t) => {
  const stage = await openStage(t, world)
  const [here, there] = [await openBrowser(t), await openBrowser(t)]
  const page = await here.openTab(stage.app)
  await signUp(page)
  const other = await there.openTab(stage.app)
  await signIn(other)
  await isIn(other)
  await visit(page, 'Security')
  const sessions = rows(page, 'Active sessions')
  await sessions.nth(1).waitFor()
  await press(page, 'End session')
  await sessions.nth(1).waitFor({ state: 'detached' })
  t.same(there.complaints, [])
  await other.getByRole('link', { name: 'Security' }).click()
  await other.getByText('You have been signed out.').waitFor()
  t.match(there.complaints.splice(0), [/401/], 'the other browser notices with its next call')

  await signIn(other)
  await isIn(other)
  t.equal(await other.getByText('You have been signed out.').count(), 0)
  await press(page, 'Refresh')
  await press(page, 'Sign out everywhere else')
  await sessions.nth(1).waitFor({ state: 'detached' })

  await press(page, 'Change password')
  await field(page, 'Change password', 'Current password').fill(PASSWORD)
  await field(page, 'Change password', 'New password').fill('another long password')
  await press(page, 'Change password')
  await page.getByText('Your password was changed').waitFor()
  await rows(page, 'Security activity').filter({ hasText: 'Password changed' }).waitFor()
  t.same(here.complaints, [])
})

t.test('changes the profile, and deletes the account once the password is confirmed', async (t) => {
  const stage = await openStage(t, world)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await visit(page, 'Account')
  await field(page, 'Save changes', 'Name').fill('Ada King')
  await press(page, 'Save changes')
  await isIn(page, 'Ada King')

  await page.clock.setFixedTime(Date.now() + 60 * 60 * 1000)
  await press(page, 'Delete account')
  await press(page, 'Yes, delete my account')
  const dialog = page.getByRole('dialog', { name: 'Confirm your password' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  await press(page, 'Yes, delete my account')
  await look(t, page, 'confirm-password')
  await field(page, 'Confirm', 'Password').fill(PASSWORD)
  await press(page, 'Confirm')
  await page.getByText('Your account has been deleted.').waitFor()
  t.same(browser.complaints, [])
  await signIn(page)
  await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
})
