import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { takeScreenshot } from './stage.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** The screens that the pages are looked at on. */
export const screens = [
  { name: 'desktop', phone: false },
  { name: 'phone', phone: true }
] as const

/**
 * Looks at a page in light and dark mode and takes screenshots: it breaks no rule of WCAG 2.2, levels A and AA, nothing overflows to
 * the right, and tap targets are large enough (WCAG 2.2, 2.5.8).
 */
export async function look(t: Test, page: Page, name: string) {
  await page.evaluate(AXE)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)} })`)) as AxeResults
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    t.same(found, [], `${name} is accessible in ${colorScheme} mode`)
    await takeScreenshot(page, `${name}-${colorScheme}`)
  }
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: innerWidth
  }))
  t.equal(content, window, `${name} does not scroll horizontally`)
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox()
    t.ok(box && box.height >= 24 && box.width >= 24, `${await button.textContent()} is large enough`)
  }
}
