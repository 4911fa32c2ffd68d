import type { Page } from 'playwright-core'
import t from 'tap'
import { waitUntil } from '../wait.ts'
import { choose, isIn, isOut, logIn, press, signUp } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

// What a browser holds against a page: a tab that hangs, storage that is full, a cookie of somebody else.

const [world] = worlds
const kinds = ['cookie', 'token'] as const

/** Opens a dialog that nobody answers: until it is dismissed the tab runs no script. */
async function hang(page: Page) {
  const opened = page.waitForEvent('dialog')
  await page.evaluate(() => void setTimeout(() => alert('Still there?')))
  return await opened
}

for (const kind of kinds) {
  t.test(`a tab with an open alert holds up no other, by ${kind}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const stuck = await browser.openTab(stage.app)
    await choose(stuck, kind)
    const page = await browser.openTab(stage.app)
    await isOut(page)
    await signUp(stuck)
    await isIn(page)

    // It logs out, which takes the lock, and hangs before it has the answer.
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    await browser.context.route(
      '**/logout',
      async (route) => {
        await answered
        await route.fulfill({ status: 503, headers: { 'access-control-allow-origin': stage.app } })
      },
      { times: 1 }
    )
    await press(stuck, 'Log out')
    await waitUntil(() => browser.count(`POST ${stage.api}/api/auth/logout`) === 1, 'it has asked')
    const dialog = await hang(stuck)
    answer()

    await press(page, 'Log out')
    await isOut(page)
    await logIn(page)
    await isIn(page)
    const reloaded = await browser.openTab(stage.app)
    await isIn(reloaded)
    await press(reloaded, 'Log out')
    await isOut(page)
    await dialog.dismiss()
    await isOut(stuck)
  })

  t.test(`with storage that is full one logs in and out, and stays so after a reload, by ${kind}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const page = await browser.openTab(stage.app)
    await choose(page, kind)
    await page.evaluate(() => {
      for (let size = 2 ** 22; size >= 1; size /= 2) {
        try {
          for (let i = 0; ; i++) localStorage.setItem(`${size}-${i}`, 'x'.repeat(size))
        } catch {
          // Then smaller ones.
        }
      }
    })
    await signUp(page)
    await page.reload()
    await isIn(page)
    await press(page, 'Log out')
    await isOut(page)
    await page.reload()
    await isOut(page)
    t.notMatch(browser.complaints.join(), /Quota/)
  })
}

t.test('a cookie of somebody else makes nobody that user', async (t) => {
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
  t.equal(browser.count(`POST ${stage.api}/api/auth/token-refresh`), 1, 'it got her token')
  t.equal(browser.count(`GET ${stage.api}/api/auth/sessions`), 0, 'and used it for nothing')

  await logIn(page)
  await isIn(page)
  await page.reload()
  await isIn(page)
})
