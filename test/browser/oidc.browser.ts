import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startRealProvider } from '../features/oidc/real.ts'
import { look, screens } from './looks.ts'
import { choose, field, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [, twoSites] = worlds

/** Page, service, and provider on three origins. */
async function openStageWithProvider(t: Test, world = twoSites) {
  const provider = await startRealProvider(t)
  const stage = await openStage(t, world, (app) => ({
    OIDC_PROVIDERS: provider.setting('test'),
    OIDC_REDIRECT_URI: `${app}/`
  }))
  provider.serve(`${stage.app}/`)
  return { stage, provider }
}

/** Logs in at the provider, and agrees unless it remembers that. */
async function agree(page: Page, name: string, isNew = true) {
  await page.getByPlaceholder('Enter any login').fill(name)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  if (isNew) await page.getByRole('button', { name: 'Continue' }).click()
}

/** The complaints so far, apart from those of the provider's pages: they look for fonts and an icon that are not there. */
const ours = ({ complaints }: { complaints: string[] }) =>
  complaints.splice(0).filter((text) => !/ERR_CONNECTION_REFUSED|status of 404/.test(text))

const [desktop, phoneScreen] = screens
const visits = [
  { kind: 'cookie', ...desktop },
  { kind: 'token', ...phoneScreen }
] as const

for (const { kind, name, phone } of visits)
  t.test(`signs up, logs in, and links with a provider, by ${kind}: ${name}`, async (t) => {
    const { stage } = await openStageWithProvider(t)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await choose(page, kind)
    await page.getByRole('button', { name: 'Continue with Test' }).waitFor()
    await look(t, page, `sign-in-with-provider-${name}`)
    await press(page, 'Continue with Test')
    await agree(page, 'ada')
    await page.getByText('You are signing up as ada@example.com.').waitFor()
    t.notMatch(page.url(), /code=|state=/, 'the code is out of the address')
    t.match(ours(browser), [/409/])
    await look(t, page, `choose-name-${name}`)
    await page.reload()
    await field(page, 'Create account', 'Username').fill('ada')
    await press(page, 'Create account')
    await isIn(page, 'The user ada')
    await visit(page, 'Security')
    await rows(page, 'Linked accounts').filter({ hasText: 'Test' }).waitFor()
    await look(t, page, `linked-accounts-${name}`)

    await press(page, 'Sign out')
    await isOut(page)
    await press(page, 'Continue with Test')
    await isIn(page, 'The user ada')
    t.same(ours(browser), [])

    const another = await openBrowser(t, { phone })
    const tabs = [await another.openTab(stage.app), await another.openTab(stage.app)] as const
    await choose(tabs[0], kind)
    await tabs[1].reload()
    for (const tab of tabs) await press(tab, 'Continue with Test')
    await agree(tabs[0], 'ada')
    await isIn(tabs[0], 'The user ada')
    await agree(tabs[1], 'ada', false)
    await isIn(tabs[1], 'The user ada')
    await tabs[0].reload()
    await isIn(tabs[0], 'The user ada')
    t.same(ours(another), [], 'two tabs at once')
  })

t.test('a user links and unlinks a provider, and confirms with it', async (t) => {
  const { stage } = await openStageWithProvider(t)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await visit(page, 'Security')
  await press(page, 'Link Test')
  await agree(page, 'countess')
  await rows(page, 'Linked accounts').filter({ hasText: 'Test' }).waitFor()
  await rows(page, 'Security activity').filter({ hasText: 'Account linked' }).waitFor()
  await press(page, 'Sign out')
  await press(page, 'Continue with Test')
  await isIn(page)
  await visit(page, 'Security')
  await press(page, 'Unlink')
  await press(page, 'Use Test')
  await rows(page, 'Linked accounts').filter({ hasText: 'Test' }).waitFor()
  await press(page, 'Unlink')
  await page.getByRole('button', { name: 'Link Test' }).waitFor()
  t.same(ours(browser), [])
})

t.test('who has an account logs in first, and may say no to the provider', async (t) => {
  const { stage } = await openStageWithProvider(t, worlds[0])
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await signUp(page)
  await press(page, 'Sign out')
  await press(page, 'Continue with Test')
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByText('This did not work, or you said no.').waitFor()
  await press(page, 'Go back')
  await press(page, 'Continue with Test')
  await agree(page, 'ada')
  await page.getByText('There already is an account with ada@example.com.').waitFor()
  await signIn(page)
  await press(page, 'Link accounts')
  await page.getByRole('button', { name: 'Link accounts' }).waitFor({ state: 'detached' })
  await press(page, 'Sign out')
  await press(page, 'Continue with Test')
  await isIn(page)
  t.match(ours(browser), [/401/, /409/])
})
