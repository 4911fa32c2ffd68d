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

  const foreign = browser.requests.filter((request) => !request.split(' ')[1]?.startsWith(stage.api))
  t.same(
    foreign.filter((request) => !/ (?:data|blob):/.test(request)),
    []
  )
  t.same(browser.complaints, [])
})
