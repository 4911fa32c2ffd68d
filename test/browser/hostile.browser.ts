import type { Page } from 'playwright-core'
import t from 'tap'
import { waitUntil } from '../wait.ts'
import { choose, isIn, isOut, press, signIn, signUp } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

// What can go wrong in a browser: a frozen tab, full storage, a cookie of another user.

const [world] = worlds
const kinds = ['cookie', 'token'] as const

/** Opens a dialog. Until it is dismissed, the tab runs no script. */
async function freeze(page: Page) {
  const opened = page.waitForEvent('dialog')
  await page.evaluate(() => void setTimeout(() => alert('Still there?')))
  return await opened
}

for (const kind of kinds) {
  t.test(`a tab with an open alert does not block the others (${kind})`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const frozen = await browser.openTab(stage.app)
    await choose(frozen, kind)
    const page = await browser.openTab(stage.app)
    await isOut(page)
    await signUp(frozen)
    await isIn(page)

    // The tab starts to sign out, which takes the lock, and freezes before the reply arrives.
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    await browser.context.route(
      '**/logout',
      async (route) => {
        await answered
        await route.fulfill({ status: 503, headers: { 'access-control-allow-origin': stage.app } })
      },
      { times: 1 }
    )
    await press(frozen, 'Sign out')
    await waitUntil(() => browser.count(`POST ${stage.api}/api/auth/logout`) === 1, 'the request was sent')
    const dialog = await freeze(frozen)
    answer()

    await press(page, 'Sign out')
    await isOut(page)
    await signIn(page)
    await isIn(page)
    const reloaded = await browser.openTab(stage.app)
    await isIn(reloaded)
    await press(reloaded, 'Sign out')
    await isOut(page)
    await dialog.dismiss()
    await isOut(frozen)
  })

  t.test(`signs in and out with full storage, also across reloads (${kind})`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const page = await browser.openTab(stage.app)
    await choose(page, kind)
    await page.evaluate(() => {
      for (let size = 2 ** 22; size >= 1; size /= 2) {
        try {
          for (let i = 0; ; i++) localStorage.setItem(`${size}-${i}`, 'x'.repeat(size))
        } catch {
          // Continue with smaller items.
        }
      }
    })
    await signUp(page)
    await page.reload()
    await isIn(page)
    await press(page, 'Sign out')
    await isOut(page)
    await page.reload()
    await isOut(page)
    t.notMatch(browser.complaints.join(), /Quota/)
  })
}

t.test('a page does not become the user of a planted cookie', async (t) => {
  const stage = await openStage(t, world)
  const [browser, other] = [await openBrowser(t), await openBrowser(t)]
  const attacker = await other.openTab(stage.app)
  await choose(attacker, 'token')
  await signUp(attacker, 'eve', 'Eve')
  const planted = await other.context.cookies()
  t.equal(planted.length, 1)

  const page = await browser.openTab(stage.app)
  await choose(page, 'token')
  await signUp(page)
  await browser.context.clearCookies()
  await browser.context.addCookies(planted)
  browser.requests.length = 0
  await page.reload()
  await isOut(page)
  t.equal(browser.count(`POST ${stage.api}/api/auth/token-refresh`), 1, 'the page received a token of eve')
  // What the sign-in page asks of everybody.
  const ofEverybody = /token-refresh|check-auth|auth\/oidc$|passkeys\/challenge$/
  const others = browser.requests.filter((call) => call.includes('/api/') && !ofEverybody.test(call))
  t.same(others, [], 'and did not use it')

  await signIn(page)
  await isIn(page)
  await page.reload()
  await isIn(page)
})
