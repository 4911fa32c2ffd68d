import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { wrongCode } from '../features/second-factor/codes.ts'
import { field, press, visit } from './person.ts'

/** An authenticator app. Each code works once, so the first one is of the step before the current one. */
export function createPhone(secret: string) {
  const app = new TOTP({ secret: secret.replaceAll(' ', '') })
  let timestamp = Date.now() - 30_000
  return {
    wrongCode: () => wrongCode(app.secret.base32),
    nextCode() {
      const code = app.generate({ timestamp })
      timestamp += 30_000
      return code
    }
  }
}
export const question = (page: Page, label: string) => field(page, 'Continue', label)
/** The question of a sign-in. */
export const CODE = 'Code from your authenticator app'

/** Sets up an authenticator app on the security page. */
export async function setUp(page: Page) {
  await visit(page, 'Security')
  await press(page, 'Set up')
  const phone = createPhone((await page.locator('.secret').textContent()) ?? '')
  await field(page, 'Turn on', 'Code from the app').fill(phone.nextCode())
  await press(page, 'Turn on')
  const codes = page.locator('.codes li')
  await codes.first().waitFor()
  return { phone, codes: await codes.allTextContents() }
}
