import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import t from 'tap'
import { PASSWORD } from '../build.ts'
import { wrongCode } from '../features/second-factor/codes.ts'
import { look, screens } from './looks.ts'
import { choose, field, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds
const settings = () => ({ ENCRYPTION_KEY: randomBytes(48).toString('base64url') })

/** An authenticator app. Each code works once, so the first one is of the step before the current one. */
function createPhone(secret: string) {
  const app = new TOTP({ secret: secret.replaceAll(' ', '') })
  let timestamp = Date.now() - 30_000
  return {
    wrongCode: () => wrongCode(app.secret.base32),
    nextCode() {
      const code = app.generate({ timestamp })
      timestamp += 30_000
      return code
    }
  }
}
const question = (page: Page, label: string) => field(page, 'Continue', label)
const CODE = 'Code from your authenticator app'

/** Sets up an authenticator app on the security page. */
async function setUp(page: Page) {
  await visit(page, 'Security')
  await press(page, 'Set up')
  const phone = createPhone((await page.locator('.secret').textContent()) ?? '')
  await field(page, 'Turn on', 'Code from the app').fill(phone.nextCode())
  await press(page, 'Turn on')
  const codes = page.locator('.codes li')
  await codes.first().waitFor()
  return { phone, codes: await codes.allTextContents() }
}

for (const { name, phone: isPhone } of screens) {
  t.test(`an authenticator app is set up, asked for, lost, and turned off: ${name}`, async (t) => {
    const stage = await openStage(t, world, settings())
    const browser = await openBrowser(t, { phone: isPhone })
    const page = await browser.openTab(stage.app)
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await signUp(page)
    await visit(page, 'Security')
    await press(page, 'Set up')
    await page.getByRole('img', { name: 'QR code for an authenticator app' }).waitFor()
    await look(t, page, `authenticator-set-up-${name}`)
    const phone = createPhone((await page.locator('.secret').textContent()) ?? '')
    await field(page, 'Turn on', 'Code from the app').fill(phone.wrongCode())
    await press(page, 'Turn on')
    await page.getByRole('alert').filter({ hasText: 'This code is wrong' }).waitFor()
    t.match(browser.complaints.splice(0), [/401/])
    await field(page, 'Turn on', 'Code from the app').fill(phone.nextCode())
    await press(page, 'Turn on')
    await page.getByText('Save these codes now.').waitFor()
    await rows(page, 'How you sign in').filter({ hasText: 'You also need a code' }).waitFor()
    await look(t, page, `recovery-codes-${name}`)
    const codes = await page.locator('.codes li').allTextContents()
    t.equal(new Set(codes).size, 10)
    await press(page, 'Copy')
    await page.getByText('Copied.').waitFor()
    const text = `${codes.join('\n')}\n`
    t.equal(await page.evaluate(() => navigator.clipboard.readText()), text)
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Download')])
    t.equal(readFileSync(await download.path(), 'utf8'), text)
    await press(page, 'I have saved them')
    await page.getByText('10 left').waitFor()
    await look(t, page, `second-factor-on-${name}`)

    await press(page, 'Sign out')
    await isOut(page)
    await signIn(page)
    await question(page, CODE).and(page.locator(':focus')).waitFor()
    await look(t, page, `second-factor-${name}`)
    await question(page, CODE).fill(phone.wrongCode())
    await press(page, 'Continue')
    await page.getByRole('alert').filter({ hasText: 'This code is wrong' }).waitFor()
    await page.reload()
    await question(page, CODE).fill(phone.nextCode())
    await press(page, 'Continue')
    await isIn(page)

    await press(page, 'Sign out')
    await isOut(page)
    await signIn(page)
    await press(page, 'Use a recovery code')
    await question(page, 'Recovery code').and(page.locator(':focus')).waitFor()
    await question(page, 'Recovery code').fill('0000-0000')
    await press(page, 'Continue')
    await page.getByRole('alert').filter({ hasText: 'This recovery code is wrong' }).waitFor()
    await look(t, page, `recovery-code-${name}`)
    await question(page, 'Recovery code').fill(codes[0]?.toLowerCase() ?? '')
    await press(page, 'Continue')
    await isIn(page)
    await visit(page, 'Security')
    await page.getByText('9 left').waitFor()
    await rows(page, 'Security activity').filter({ hasText: 'Signed in with a recovery code' }).waitFor()
    browser.complaints.splice(0)

    await press(page, 'Turn off')
    await look(t, page, `authenticator-turn-off-${name}`)
    await press(page, 'Yes, turn it off')
    await page.getByText('The authenticator app is off.').waitFor()
    await press(page, 'Sign out')
    await isOut(page)
    await signIn(page)
    await isIn(page)
    t.same(browser.complaints, [])
  })
}

t.test('a sensitive change asks for the password and then for a code, with tokens too', async (t) => {
  const stage = await openStage(t, world, settings())
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await choose(page, 'token')
  await signUp(page)
  const { phone, codes } = await setUp(page)
  await page.clock.setFixedTime(Date.now() + 60 * 60 * 1000)
  await press(page, 'I have saved them')

  await press(page, 'Get new codes')
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
  await field(page, 'Confirm', 'Password').fill(PASSWORD)
  await press(page, 'Confirm')
  await question(page, CODE).and(page.locator(':focus')).waitFor()
  await look(t, page, 'confirm-second-factor')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  t.equal(await page.locator('.codes').count(), 0, 'nothing was done')

  await press(page, 'Get new codes')
  await field(page, 'Confirm', 'Password').fill(PASSWORD)
  await press(page, 'Confirm')
  await question(page, CODE).fill(phone.nextCode())
  await press(page, 'Continue')
  await page.locator('.codes li').first().waitFor()
  const renewed = await page.locator('.codes li').allTextContents()
  t.equal(new Set([...codes, ...renewed]).size, 20)
  await isIn(page)
})

t.test('a sign-in that was tried too often, or that the user gives up, begins again', async (t) => {
  const stage = await openStage(t, world, settings())
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await setUp(page)
  await press(page, 'Sign out')
  await isOut(page)
  await signIn(page)
  await press(page, 'Cancel')
  await field(page, 'Sign in', 'Password').waitFor()
  await page.reload()
  await signIn(page)
  await press(page, 'Use a recovery code')
  const alert = page.getByRole('alert').filter({ hasText: /./ })
  for (let tries = 1; tries <= 5; tries++) {
    await question(page, 'Recovery code').fill(`0000-000${tries}`)
    await press(page, 'Continue')
    await alert.filter({ hasText: 'This recovery code is wrong' }).waitFor()
  }
  await press(page, 'Continue')
  await alert.filter({ hasText: 'Begin again with your password' }).waitFor()
  await look(t, page, 'second-factor-again')
  await signIn(page)
  await question(page, CODE).waitFor()
})
