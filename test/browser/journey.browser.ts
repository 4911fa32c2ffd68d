import { randomBytes } from 'node:crypto'
import t from 'tap'
import { question, setUp } from './authenticator-app.ts'
import { openStageWithMail } from './mailbox.ts'
import { addAuthenticator, field, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, takeScreenshot } from './stage.ts'

// What happens to an account over the years, on a phone in dark mode.

const PASSWORD = 'another long password'

t.test('a user forgets the password, loses the authenticator app, and goes on with a passkey', async (t) => {
  const { stage, codeTo } = await openStageWithMail(t, { ENCRYPTION_KEY: randomBytes(48).toString('base64url') })
  const browser = await openBrowser(t, { phone: true })
  const page = await browser.openTab(stage.app)
  await page.emulateMedia({ colorScheme: 'dark' })
  async function signOut() {
    await press(page, 'Sign out')
    await isOut(page)
  }

  await signUp(page)
  await field(page, 'Verify', 'Code from the email').fill(await codeTo('ada@example.com'))
  await press(page, 'Verify')
  await page.getByRole('region', { name: 'Verify your email address' }).waitFor({ state: 'detached' })
  await signOut()
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await field(page, 'Send code', 'Email').fill('ada@example.com')
  await press(page, 'Send code')
  await field(page, 'Set password', 'Code from the email').fill(await codeTo('ada@example.com'))
  await field(page, 'Set password', 'New password').fill(PASSWORD)
  await takeScreenshot(page, 'journey-reset-password')
  await press(page, 'Set password')
  await page.getByText('Your password was changed').waitFor()
  await page.getByRole('link', { name: 'Back to sign in' }).click()
  await signIn(page, PASSWORD)
  await isIn(page)

  const { codes } = await setUp(page)
  await takeScreenshot(page, 'journey-recovery-codes')
  await press(page, 'I have saved them')
  await signOut()
  await signIn(page, PASSWORD)
  await press(page, 'Use a recovery code')
  await question(page, 'Recovery code').fill(codes[0] ?? '')
  await takeScreenshot(page, 'journey-recovery-code')
  await press(page, 'Continue')
  await isIn(page)

  const authenticator = await addAuthenticator(page)
  await visit(page, 'Security')
  await press(page, 'Add a passkey')
  await press(page, 'Continue')
  await rows(page, 'Passkeys').filter({ hasText: 'not used yet' }).waitFor()
  await takeScreenshot(page, 'journey-passkeys')
  await authenticator.ignoreAutofill()
  await signOut()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
  await takeScreenshot(page, 'journey-sign-in')
  await press(page, 'Sign in with a passkey')
  await isIn(page)

  await signOut()
  await signIn(page, PASSWORD)
  await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
  await takeScreenshot(page, 'journey-second-factor')
  await press(page, 'Use a passkey')
  await isIn(page)

  await page.clock.setFixedTime(Date.now() + 60 * 60 * 1000)
  await visit(page, 'Security')
  await press(page, 'Turn off')
  await press(page, 'Yes, turn it off')
  await page.getByRole('dialog', { name: 'Confirm that it is you' }).waitFor()
  await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
  await takeScreenshot(page, 'journey-confirm')
  await press(page, 'Use a passkey')
  await page.getByText('The authenticator app is off.').waitFor()
  await takeScreenshot(page, 'journey-end')
  t.equal(browser.complaints.filter((text) => !text.includes('401')).join('\n'), '')
})
