import type { Page } from 'playwright-core'
import t from 'tap'
import { look, screens } from './looks.ts'
import { choose, field, isOut, press, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [, world] = worlds

async function write(page: Page, text: string) {
  await field(page, 'Send', 'Message').fill(text)
  await press(page, 'Send')
}
const see = (page: Page, text: string) => page.getByRole('log').getByText(text, { exact: true }).waitFor()
const linesOf = (page: Page) => page.getByRole('log').locator('p').allTextContents()

t.test('two browsers write in a room, through a restart of the service and a logout', async (t) => {
  const stage = await openStage(t, world)
  const [one, other] = [await openBrowser(t), await openBrowser(t, { phone: true })]
  const [ada, ben] = [await one.openTab(stage.app), await other.openTab(stage.app)]
  await choose(ben, 'token')
  await signUp(ada)
  await signUp(ben, 'ben', 'Ben')
  for (const page of [ada, ben]) await visit(page, 'Chat')
  await see(ada, 'Nobody has written yet. Say hello!')
  await write(ada, 'Hello, Ben')
  await see(ben, 'Hello, Ben')
  await write(ben, '<b>Hello</b>, Ada')
  await see(ada, '<b>Hello</b>, Ada')
  for (const [page, { name }] of [
    [ada, screens[0]],
    [ben, screens[1]]
  ] as const)
    await look(t, page, `chat-${name}`)

  await stage.restart()
  await ben.getByText('Connecting…').waitFor({ state: 'detached' })
  await write(ben, 'Still here?')
  await see(ada, 'Still here?')
  const expected = ['adaHello, Ben', 'ben<b>Hello</b>, Ada', 'benStill here?']
  for (const page of [ada, ben]) t.strictSame(await linesOf(page), expected)

  const second = await one.openTab(`${stage.app}/#/chat`)
  await see(second, 'Still here?')
  await press(second, 'Sign out')
  for (const page of [second, ada]) await isOut(page)
  await write(ben, 'Ada?')
  await see(ben, 'Ada?')
  t.strictSame((await linesOf(ben)).length, 4)
})
