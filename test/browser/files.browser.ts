import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t from 'tap'
import { someBytes } from '../features/storage/calls.ts'
import { look, screens } from './looks.ts'
import { choose, press, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

const [world] = worlds
const MEGABYTE = 1_000_000
const row = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text })
type Chosen = { name: string; mimeType: string; buffer: Buffer }

/** Chooses files in the dialog that a button opens. */
async function give(page: Page, button: string, ...files: Chosen[]) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, button)])
  await chooser.setFiles(files)
}
/** Returns what sets how many bytes per second the page can send. -1: as many as the machine can. */
async function createThrottle(page: Page) {
  const devtools = await page.context().newCDPSession(page)
  return (uploadThroughput: number) =>
    devtools.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1 },
      uploadThroughput
    })
}
async function download(page: Page, name: string) {
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    row(page, name).getByRole('button', { name: 'Download' }).click()
  ])
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) }
}

for (const { name, phone } of screens) {
  t.test(`files are uploaded, canceled, downloaded, and deleted, and one is the picture: ${name}`, async (t) => {
    const kind = phone ? 'token' : 'cookie'
    const stage = await openStage(t, world, { STORAGE_URI: 'file:./files' })
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    await choose(page, kind)
    await signUp(page)
    await visit(page, 'Files')
    await page.getByRole('heading', { name: 'No files yet' }).waitFor()

    const film = { name: 'film.mp4', mimeType: 'video/mp4', buffer: someBytes(25 * MEGABYTE) }
    const page1 = { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') }
    const drawing = { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg onload="alert(1)"/>') }
    await give(page, 'Upload files', page1, drawing)
    await row(page, 'drawing.svg').getByRole('button', { name: 'Download' }).waitFor()
    const throttle = await createThrottle(page)
    await throttle(0.6 * MEGABYTE)
    await give(page, 'Upload files', film)
    const progress = page.getByRole('progressbar', { name: 'Upload of film.mp4' })
    await page.waitForFunction((bar) => (bar as HTMLProgressElement).value > 0.05, await progress.elementHandle(), {
      polling: 50
    })
    await look(t, page, `files-${name}`)
    await row(page, 'film.mp4').getByRole('button', { name: 'Cancel' }).click()
    await row(page, 'film.mp4').filter({ hasText: 'Canceled' }).waitFor()
    await throttle(-1)
    await row(page, 'film.mp4').getByRole('button', { name: 'Try again' }).click()
    await row(page, 'film.mp4').getByRole('button', { name: 'Download' }).waitFor()
    t.equal(await page.getByRole('progressbar').count(), 0)

    for (const { name, buffer } of [film, page1, drawing]) {
      const saved = await download(page, name)
      t.equal(saved.name, name)
      t.ok(saved.bytes.equals(buffer), name)
    }
    const logo = await page.locator('.logo').screenshot()
    await visit(page, 'Account')
    await give(page, 'Choose a picture', { name: 'ada.png', mimeType: 'image/png', buffer: logo })
    await page.getByRole('button', { name: 'Change picture' }).waitFor()
    const picture = page.locator('header img')
    await picture.evaluate((image: HTMLImageElement) => image.decode())
    await give(page, 'Change picture', { ...drawing, name: 'fake.png' })
    await page.getByRole('alert').filter({ hasText: 'Choose a PNG, JPEG, WebP, GIF, or AVIF image' }).waitFor()
    await look(t, page, `picture-${name}`)
    await page.reload()
    await picture.waitFor()

    await visit(page, 'Files')
    t.equal(await row(page, 'fake.png').count(), 0, 'what cannot be a picture was removed')
    await row(page, 'ada.png').getByRole('button', { name: 'Delete' }).click()
    await press(page, 'Yes, delete it')
    await row(page, 'ada.png').waitFor({ state: 'detached' })
    await picture.waitFor({ state: 'detached' })

    if (kind === 'cookie') {
      const { files } = await page.evaluate(
        async (api) => (await fetch(`${api}/api/files`, { credentials: 'include' })).json(),
        stage.api
      )
      for (const { id, name } of files) {
        const saved = page.waitForEvent('download')
        await t.rejects(page.goto(`${stage.api}/api/files/${id}/content`), /Download is starting/)
        t.equal((await saved).suggestedFilename(), name, 'a download, never a page')
      }
    }
    t.same(
      browser.complaints.filter((text) => !/422/.test(text)),
      []
    )
  })
}
