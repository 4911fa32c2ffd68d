import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { freePort, waitUntil } from '../wait.ts'
import { isIn, isOut, press, signUp } from './person.ts'
import { EXAMPLE, openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds

t.test('the example works with the Vite dev server and in React strict mode', async (t) => {
  const port = await freePort()
  const page = `http://localhost:${port}`
  const stage = await openStage(t, world, { CORS_API_ORIGINS: page })
  const vite = join(EXAMPLE, 'node_modules/vite/bin/vite.js')
  const words = ['-u', 'NODE_OPTIONS', `VITE_API=${stage.api}`, process.execPath, vite, '--port', `${port}`]
  const server = spawn('env', words, { cwd: EXAMPLE })
  t.teardown(() => server.kill())
  await waitUntil(
    () =>
      fetch(page).then(
        ({ ok }) => ok,
        () => false
      ),
    'Vite answers',
    30_000
  )

  const browser = await openBrowser(t)
  const tab = await browser.openTab(page)
  await isOut(tab)
  await signUp(tab)
  await tab.reload()
  await isIn(tab)
  await press(tab, 'Sign out')
  await isOut(tab)
  t.same(browser.complaints, [])
})
