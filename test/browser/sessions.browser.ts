import type { Page } from 'playwright-core'
import t from 'tap'
import { waitUntil } from '../wait.ts'
import { choose, isIn, isOut, press, rows, signIn, signUp, visit } from './person.ts'
import { openBrowser, openStage, takeScreenshot, type World, worlds } from './stage.ts'

const TABS = 5
const kinds = ['cookie', 'token'] as const
type Kind = (typeof kinds)[number]

/** The cookie of a session, as the browser reports it. */
function cookieOf(world: World, api: string, kind: Kind) {
  const purpose = kind === 'cookie' ? 'sid' : 'refresh'
  const common = { domain: world.hosts.api, path: '/', httpOnly: true }
  if (world.scheme === 'http') {
    const name = `${purpose}-${new URL(api).port}`
    return { ...common, name, secure: false, sameSite: 'Lax', partitionKey: undefined }
  }
  const name = `__Host-${purpose}`
  return { ...common, name, secure: true, sameSite: 'None', partitionKey: 'https://example.org' }
}

/** What a page of a foreign origin can try in the browser of a signed-in user. Returns what it could read. */
async function attack(page: Page, api: string) {
  const calls = [
    ['POST', '/api/auth/logout'],
    ['DELETE', '/api/auth/sessions'],
    ['POST', '/api/auth/token-refresh'],
    ['PATCH', '/api/users/me']
  ]
  const home = page.url()
  const read = await page.evaluate(
    async ([api, calls]) => {
      const read: string[] = []
      for (const mode of ['cors', 'no-cors'] as const) {
        for (const [method = '', path] of calls) {
          if (mode === 'no-cors' && method !== 'POST') continue
          const body =
            method === 'PATCH' ? { body: '{"name":"Eve"}', headers: { 'content-type': 'application/json' } } : {}
          await fetch(api + path, { method, mode, credentials: 'include', ...body }).then(
            (reply) => mode === 'cors' && read.push(`${method} ${path}: ${reply.status}`),
            () => {}
          )
        }
        await fetch(`${api}/api/users/me`, { mode, credentials: 'include' }).then(
          async (reply) => mode === 'cors' && read.push(await reply.text()),
          () => {}
        )
      }
      return read
    },
    [api, calls] as const
  )
  for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    for (const path of ['/api/auth/logout', '/api/auth/token-refresh']) {
      await Promise.all([
        page.waitForEvent('framenavigated'),
        page.evaluate(
          ([action, enctype]) => {
            const form = document.createElement('form')
            const field = document.createElement('input')
            Object.assign(field, { name: '{"name":"Eve","x":"', value: '"}' })
            form.append(field)
            Object.assign(form, { method: 'POST', action, enctype })
            document.body.append(form)
            form.submit()
          },
          [api + path, enctype] as const
        )
      ])
      await page.goto(home)
    }
  }
  return read
}

for (const world of worlds) {
  for (const kind of kinds) {
    const where = `${world.name}, ${kind}`

    t.test(`${where}: a session survives a reload and a restart, and ends with the logout`, async (t) => {
      const stage = await openStage(t, world)
      const browser = await openBrowser(t)
      const page = await browser.openTab(stage.app)
      await isOut(page)
      await choose(page, kind)
      await signUp(page)
      const cookies = await browser.context.cookies()
      t.equal(cookies.length, 1)
      t.match(cookies[0], cookieOf(world, stage.api, kind))
      t.equal(await page.evaluate(() => document.cookie), '', 'scripts cannot read it')
      t.notMatch(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), /eyJ/)

      await page.reload()
      await isIn(page)
      // A restart would cut off a request in flight.
      await browser.isIdle()
      await stage.restart()
      await page.reload()
      await isIn(page)
      await press(page, 'Sign out')
      await isOut(page)
      t.same(await browser.context.cookies(), [])
      await signIn(page)
      await isIn(page)
      await takeScreenshot(page, `${world.scheme}-${kind}`)
      t.same(browser.complaints, [])
    })

    t.test(`${where}: forms and fetches of a foreign origin change nothing`, async (t) => {
      const stage = await openStage(t, world)
      const browser = await openBrowser(t)
      const page = await browser.openTab(stage.app)
      await choose(page, kind)
      await signUp(page)
      t.same(browser.complaints, [])

      for (const origin of stage.foreign) {
        t.same(await attack(await browser.openTab(origin), stage.api), [], `${origin} can read nothing`)
      }
      t.match(stage.log(), /"event":"malicious_csrf"/, 'the cookie was sent with its calls')
      t.ok(browser.complaints.splice(0).length > 0, 'the browser reported it')
      await page.reload()
      await isIn(page)
      await visit(page, 'Security')
      await rows(page, 'Active sessions').filter({ hasText: 'This device' }).waitFor()
      t.equal(await rows(page, 'Active sessions').count(), 1)
      t.same(browser.complaints, [])
    })

    t.test(`${where}: signing in or out in one of five tabs does so in all`, async (t) => {
      const stage = await openStage(t, world)
      const browser = await openBrowser(t)
      const page = await browser.openTab(stage.app)
      await choose(page, kind)
      const others = await Promise.all(Array.from({ length: TABS - 1 }, () => browser.openTab(stage.app)))
      await signUp(page)
      await Promise.all(others.map((tab) => isIn(tab)))
      await press(page, 'Sign out')
      await Promise.all(others.map(isOut))
      t.same(browser.complaints, [])
    })
  }

  t.test(`${world.name}: five tabs share one refresh of an expired token, and all stay signed in`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t)
    const page = await browser.openTab(stage.app)
    await choose(page, 'token')
    await signUp(page)
    const tabs = [page, ...(await Promise.all(Array.from({ length: TABS - 1 }, () => browser.openTab(stage.app))))]
    await Promise.all(tabs.map((tab) => isIn(tab)))
    await Promise.all(tabs.map((tab) => visit(tab, 'Security')))
    const REFRESH = `POST ${stage.api}/api/auth/token-refresh`
    const LIST = `GET ${stage.api}/api/auth/sessions`

    // Slow enough that all tabs need a token before any of them has one.
    await browser.context.route('**/token-refresh', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await route.continue()
    })
    for (let round = 1; round <= 2; round++) {
      // Longer than a token lives.
      await browser.context.clock.setFixedTime(Date.now() + round * 60 * 60 * 1000)
      browser.requests.length = 0
      await Promise.all(tabs.map((tab) => press(tab, 'Refresh')))
      await waitUntil(() => browser.count(LIST) === TABS, 'all tabs have sent it')
      t.equal(browser.count(REFRESH), 1)
    }
    // A reload loses the access token: each tab refreshes, and none of that counts as reuse.
    await Promise.all(tabs.map((tab) => tab.reload()))
    await Promise.all(tabs.map((tab) => isIn(tab)))
    t.same(browser.complaints, [])
    t.notMatch(stage.log(), /authn_token_reuse/)
  })
}
