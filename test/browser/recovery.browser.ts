import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { waitUntil } from '../wait.ts'
import { look, screens } from './looks.ts'
import { field, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

/** A stage whose service writes its mails into a folder. `codeTo` waits for the next code that is mailed to this address. */
async function openStageWithMail(t: Test) {
  const folder = t.testdir()
  const stage = await openStage(t, world, { MAIL_URL: `file:${folder}`, MAIL_FROM: 'no-reply@example.com' })
  const used = new Set<string>()
  async function codeTo(address: string) {
    const find = () => {
      for (const file of readdirSync(folder).filter((name) => name.endsWith('.eml'))) {
        const mail = readFileSync(join(folder, file), 'utf8')
        const [code] =
          /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(
            mail
              .split(/\r?\n\r?\n/)
              .slice(1)
              .join('\n')
          ) ?? []
        if (code && !used.has(code) && mail.includes(`To: ${address}`)) return code
      }
      return undefined
    }
    await waitUntil(() => find() !== undefined, `a code is mailed to ${address}`)
    const code = find() ?? ''
    used.add(code)
    return code
  }
  return { stage, codeTo }
}

const banner = (page: Page) => page.getByRole('region', { name: 'Verify your email address' })

for (const { name, phone } of screens) {
  t.test(`verifies and changes the address, and sets a forgotten password: ${name}`, async (t) => {
    const { stage, codeTo } = await openStageWithMail(t)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await signUp(page)
    await banner(page).waitFor()
    await look(t, page, `verify-email-${name}`)
    await field(page, 'Verify', 'Code from the email').fill('0000-0000')
    await press(page, 'Verify')
    await banner(page).getByRole('alert').filter({ hasText: 'This code is wrong' }).waitFor()
    t.match(browser.complaints.splice(0), [/401/])
    await isIn(page)
    await page.reload()
    await field(page, 'Verify', 'Code from the email').fill((await codeTo('ada@example.com')).toLowerCase())
    await press(page, 'Verify')
    await banner(page).waitFor({ state: 'detached' })

    await visit(page, 'Account')
    await press(page, 'Change email')
    await field(page, 'Send code', 'New email').fill('countess@example.com')
    await look(t, page, `change-email-${name}`)
    await press(page, 'Send code')
    await field(page, 'Change email', 'Code from the email').fill(await codeTo('countess@example.com'))
    await press(page, 'Change email')
    await page.getByText('Your email address was changed.').waitFor()
    await page.getByRole('definition').filter({ hasText: 'countess@example.com' }).waitFor()
    await visit(page, 'Security')
    await rows(page, 'Security activity').filter({ hasText: 'Email address changed' }).waitFor()
    await press(page, 'Sign out')
    await isOut(page)

    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await field(page, 'Send code', 'Email').fill('countess@example.com')
    await look(t, page, `forgot-password-${name}`)
    await press(page, 'Send code')
    const code = await codeTo('countess@example.com')
    await page.reload()
    await field(page, 'Set password', 'Code from the email').fill(code)
    await field(page, 'Set password', 'New password').fill('another long password')
    await look(t, page, `reset-password-${name}`)
    await press(page, 'Set password')
    await page.getByText('Your password was changed').waitFor()
    await page.getByRole('link', { name: 'Back to sign in' }).click()
    await isOut(page)
    await signIn(page, 'another long password')
    await isIn(page)
    t.same(browser.complaints, [])
  })
}

t.test('the address is changed with tokens, too, and other sessions end', async (t) => {
  const { stage, codeTo } = await openStageWithMail(t)
  const [here, there] = [await openBrowser(t), await openBrowser(t)]
  const page = await here.openTab(stage.app)
  await page.getByRole('radio', { name: 'Access token' }).check()
  await signUp(page)
  const other = await there.openTab(stage.app)
  await signIn(other)
  await isIn(other)
  await visit(page, 'Account')
  await press(page, 'Change email')
  await field(page, 'Send code', 'New email').fill('countess@example.com')
  await press(page, 'Send code')
  await field(page, 'Change email', 'Code from the email').fill(await codeTo('countess@example.com'))
  await press(page, 'Change email')
  await page.getByText('Your email address was changed.').waitFor()
  await page.reload()
  await isIn(page)
  await other.getByRole('link', { name: 'Security' }).click()
  await other.getByText('You have been signed out.').waitFor()
  t.same(here.complaints, [])
})

t.test('another code can be had, and the first one is then of no use', async (t) => {
  const { stage, codeTo } = await openStageWithMail(t)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  const first = await codeTo('ada@example.com')
  await press(page, 'Get another code')
  await press(page, 'Send code')
  const second = await codeTo('ada@example.com')
  await field(page, 'Verify', 'Code from the email').fill(first)
  await press(page, 'Verify')
  await banner(page).getByRole('alert').filter({ hasText: /./ }).waitFor()
  await field(page, 'Verify', 'Code from the email').fill(second)
  await press(page, 'Verify')
  await banner(page).waitFor({ state: 'detached' })
})
