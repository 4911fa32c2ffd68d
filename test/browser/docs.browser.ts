import t from 'tap'
import { PASSWORD } from '../build.ts'
import { signUpBy } from '../process.ts'
import { openBrowser, openStage, takeScreenshot, worlds } from './stage.ts'

const [world] = worlds

t.test('the page at /docs logs in and calls users/me, and loads nothing from other hosts', async (t) => {
  const stage = await openStage(t, world, { API_DOCS: 'true' })
  await signUpBy(stage.api, 'ada')
  const browser = await openBrowser(t)
  const page = await browser.openTab(`${stage.api}/docs`)
  t.equal(await page.title(), 'Fastify minimal starter')
  t.equal(await page.locator('.opblock-tag').first().innerText(), 'auth')

  const login = page.locator('#operations-auth-postAuthLogin')
  await login.getByRole('button').first().click()
  const body = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
  await login.locator('textarea').fill(JSON.stringify(body))
  await login.getByRole('button', { name: 'Execute' }).click()
  await login.locator('.live-responses-table').getByText('ada@example.com').waitFor()

  const me = page.locator('#operations-users-getUsersMe')
  await me.getByRole('button').first().click()
  await me.getByRole('button', { name: 'Execute' }).click()
  await me.locator('.live-responses-table').getByText('ada@example.com').waitFor()
  await takeScreenshot(page, 'docs', false)

  const failure = me.locator('.failure', { hasText: 'UNAUTHENTICATED' })
  t.equal(await failure.getByText('Sign in to continue').isVisible(), false, 'a failure is folded')
  await failure.locator('summary').press('Enter')
  await failure.getByText('Sign in to continue').waitFor()
  await page.setViewportSize({ width: 360, height: 740 })
  const width = await page.evaluate('document.documentElement.scrollWidth')
  t.equal(width, 360, 'the page fits on a phone')
  await takeScreenshot(page, 'docs-phone', false)

  const foreign = browser.requests.filter((request) => !request.split(' ')[1]?.startsWith(stage.api))
  t.same(
    foreign.filter((request) => !/ (?:data|blob):/.test(request)),
    []
  )
  t.same(browser.complaints, [])
})
