import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { signUpBy } from '../process.ts'
import { buildPage, EXAMPLE, openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds
const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

t.test('the first page of the README logs in and calls the service', async (t) => {
  const [, lines = ''] = /(npm create [\s\S]*?)```/.exec(README) ?? []
  const script = [...lines.matchAll(/echo "(.*)" >>? src\/main\.ts/g)].map(([, line]) => line)
  t.equal(lines.trim().split('\n').length, 5)
  t.equal(script.length, 4)

  // Next to the packages of the example, which are those of `npm create vite`.
  const source = mkdtempSync(join(EXAMPLE, 'node_modules/.readme-'))
  t.teardown(() => rmSync(source, { recursive: true, force: true }))
  const stage = await openStage(t, world, {}, (api) => {
    writeFileSync(
      join(source, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.ts"></script>'
    )
    writeFileSync(join(source, 'main.ts'), script.join('\n').replace('http://localhost:3000', api))
    return buildPage(t, source)
  })
  await signUpBy(stage.api, 'ada')
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  await page.getByText('ada@example.com').waitFor()
  t.same(browser.complaints, [])
})
