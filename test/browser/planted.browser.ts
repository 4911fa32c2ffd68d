import type { Page } from 'playwright-core'
import t from 'tap'
import { PASSWORD } from '../build.ts'
import { openBrowser, openStage, siblings } from './stage.ts'

/** Calls the service from a script of this page, with JSON, and with cookies by default. */
function call(page: Page, url: string, body: object | null, headers: Record<string, string> = {}, withCookies = true) {
  return page.evaluate(
    async ([url, body, headers, withCookies]) => {
      const json: Record<string, string> = body ? { 'content-type': 'application/json' } : {}
      const reply = await fetch(url, {
        method: url.endsWith('whoami') ? 'GET' : 'POST',
        credentials: withCookies ? 'include' : 'omit',
        headers: { ...json, ...headers },
        ...(body && { body: JSON.stringify(body) })
      })
      return { status: reply.status, body: await reply.json() }
    },
    [url, body, headers, withCookies] as const
  )
}

t.test('a sibling subdomain can neither plant a refresh token nor prevent a refresh', async (t) => {
  const folder = t.testdir({ 'index.html': '<!doctype html><title>App</title>' })
  const stage = await openStage(t, siblings, {}, () => folder)
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const auth = `${stage.api}/api/auth`
  for (const username of ['ada', 'eve']) {
    const names = { username, email: `${username}@example.com`, name: username }
    t.equal((await call(page, `${auth}/signup`, { ...names, password: PASSWORD }, {}, false)).status, 201)
  }
  const credentials = { password: PASSWORD, authType: 'token' }
  const eve = (await call(page, `${auth}/login`, { ...credentials, usernameOrEmail: 'eve' }, {}, false)).body

  const evil = await browser.openTab(stage.foreign[0] ?? '')
  await evil.evaluate((token) => {
    for (const name of ['__Secure-refresh', 'refresh', '__Host-refresh']) {
      for (const path of ['/api/auth', '/']) {
        // biome-ignore lint/suspicious/noDocumentCookie: this is the attack
        document.cookie = `${name}=${token}; Domain=example.com; Path=${path}; Secure; Max-Age=86400`
      }
    }
  }, eve.refreshToken as string)
  // The browser sends the older of two cookies first.
  const ada = await call(page, `${auth}/login`, { ...credentials, usernameOrEmail: 'ada', refreshIn: 'cookie' })
  t.equal(ada.status, 200)
  const cookies = await browser.context.cookies()
  const planted = cookies.filter(({ domain }) => domain === '.example.com').map(({ name }) => name)
  t.same([...new Set(planted)].sort(), ['__Secure-refresh', 'refresh'], 'the browser accepts these from a sibling')
  const own = cookies.filter(({ name }) => name === '__Host-refresh')
  t.match(own, [{ domain: 'api.example.com', path: '/' }], 'the real cookie is untouched')

  for (let i = 0; i < 3; i++) {
    const refreshed = await call(page, `${auth}/token-refresh`, null)
    t.equal(refreshed.status, 200)
    const authorization = `Bearer ${refreshed.body.accessToken}`
    const { userId } = (await call(page, `${auth}/whoami`, null, { authorization })).body
    t.equal(userId, ada.body.user.id, 'the refresh is for ada')
  }

  await browser.context.clearCookies({ name: '__Host-refresh' })
  const out = await call(page, `${auth}/token-refresh`, null)
  t.match(out, { status: 400, body: { code: 'VALIDATION_FAILED' } }, 'a planted cookie alone is not accepted')
  const again = await call(page, `${auth}/login`, { ...credentials, usernameOrEmail: 'ada', refreshIn: 'cookie' })
  t.equal(again.status, 200)
  t.equal((await call(page, `${auth}/token-refresh`, null)).status, 200, 'the next login works')
})
