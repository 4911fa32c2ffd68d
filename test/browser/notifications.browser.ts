import type { Page } from 'playwright-core'
import t from 'tap'
import { waitUntil } from '../wait.ts'
import { look, screens } from './looks.ts'
import { isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds
const TABS = 5
const STREAM = /\/api\/realtime\/stream\?/
const PANEL = { name: 'Notifications', exact: true }

const bell = (page: Page, unread: number) => page.getByRole('button', { name: `Notifications: ${unread} unread` })
const list = (page: Page) => page.getByRole('dialog', PANEL).getByRole('listitem')

/** Signs in with a browser that says it is another one, which ada is notified of. */
async function signInWith(page: Page, userAgent: string) {
  await page.setExtraHTTPHeaders({ 'user-agent': userAgent })
  await signIn(page)
  await isIn(page)
}

t.test(
  'five tabs share one stream, which continues after a freeze and a restart, and ends with the session',
  async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const streams: Page[] = []
    browser.context.on('request', (request) => {
      if (STREAM.test(request.url())) streams.push(request.frame().page())
    })
    const first = await browser.openTab(stage.app)
    await signUp(first)
    await waitUntil(() => streams.length === 1, 'the tab opens the stream')
    const others = await Promise.all(Array.from({ length: TABS - 1 }, () => browser.openTab(stage.app)))
    const tabs = [first, ...others]
    await Promise.all(tabs.map((tab) => bell(tab, 0).waitFor()))
    const elsewhere = await (await openBrowser(t)).openTab(stage.app)
    await signInWith(elsewhere, 'Firefox/140.0')
    await Promise.all(tabs.map((tab) => bell(tab, 1).waitFor()))
    t.equal(streams.length, 1, 'one stream for all tabs')

    const reader = others[0] as Page
    await bell(reader, 1).press('Enter')
    await list(reader)
      .filter({ hasText: /New sign-in to your account.*Firefox/ })
      .waitFor()
    for (const { name, phone } of screens) {
      await reader.setViewportSize(phone ? { width: 390, height: 844 } : { width: 1000, height: 900 })
      await look(t, reader, `notifications-${name}`)
    }
    await press(reader, 'Mark all as read')
    await Promise.all(tabs.map((tab) => bell(tab, 0).waitFor()))
    await reader.keyboard.press('Escape')
    await bell(reader, 0).and(reader.locator(':focus')).waitFor()

    // Its script stops, as in a page that sleeps, while it has the lock.
    const leader = streams[0] as Page
    const asleep = leader.waitForEvent('dialog')
    const slept = leader.evaluate(() => alert('asleep'))
    const dialog = await asleep
    await press(elsewhere, 'Sign out')
    await signInWith(elsewhere, 'Edg/140.0')
    await reader.evaluate(() => dispatchEvent(new Event('focus')))
    await Promise.all(others.map((tab) => bell(tab, 1).waitFor()))
    t.equal(streams.length, 2, 'another tab took over')
    await dialog.accept()
    await slept
    await bell(leader, 1).waitFor()

    await browser.isIdle()
    await stage.restart()
    await elsewhere.reload()
    await isIn(elsewhere)
    await press(elsewhere, 'Sign out')
    await signInWith(elsewhere, 'OPR/140.0')
    await Promise.all(tabs.map((tab) => bell(tab, 2).waitFor()))
    await bell(reader, 2).click()
    await list(reader).nth(2).waitFor()
    t.equal(await list(reader).count(), 3, 'each arrived once')
    t.same(browser.complaints, [])

    await visit(elsewhere, 'Security')
    await press(elsewhere, 'Sign out everywhere else')
    await Promise.all(tabs.map(isOut))
    for (const tab of tabs) t.match(await tab.getByRole('status').first().textContent(), /You have been signed out/)
    await rows(elsewhere, 'Active sessions').filter({ hasText: 'This device' }).waitFor()
  }
)
