import type { Page } from 'playwright-core'
import { PASSWORD } from '../build.ts'

// What a person does in the example app, found by what the screen says.

export const field = (page: Page, form: string, label: string) =>
  page.getByRole('form', { name: form }).getByLabel(label, { exact: true })
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
/** Opens a page by the navigation. */
export async function visit(page: Page, name: string) {
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor()
}
/** The rows of a list, such as "Active sessions". */
export const rows = (page: Page, heading: string) =>
  page
    .locator('section')
    .filter({ has: page.getByRole('heading', { name: heading }) })
    .getByRole('listitem')

export async function choose(page: Page, kind: 'cookie' | 'token') {
  const radio = page.getByRole('radio', { name: kind === 'cookie' ? 'Session cookie' : 'Access token' })
  await radio.check()
  await page.reload()
  await radio.and(page.getByRole('radio', { checked: true })).waitFor()
}

export async function signUp(page: Page, username = 'ada', name = 'Ada Lovelace') {
  await visit(page, 'Create an account')
  await field(page, 'Create account', 'Username').fill(username)
  await field(page, 'Create account', 'Email').fill(`${username}@example.com`)
  await field(page, 'Create account', 'Name').fill(name)
  await field(page, 'Create account', 'Password').fill(PASSWORD)
  await press(page, 'Create account')
  await isIn(page, name)
}

export async function signIn(page: Page, password = PASSWORD) {
  await field(page, 'Sign in', 'Username or email').fill('ada')
  await field(page, 'Sign in', 'Password').fill(password)
  await press(page, 'Sign in')
}

/** Waits until the page shows this account. */
export const isIn = (page: Page, name = 'Ada Lovelace') => page.getByRole('link', { name, exact: true }).waitFor()
/** Waits until the page shows the sign-in form. */
export const isOut = (page: Page) => page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()

/** Gives the browser an authenticator for passkeys, whose user touches it immediately, and picks its passkey from the autofill. */
export async function addAuthenticator(page: Page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      isUserVerified: true
    }
  })
  return {
    verify: (isUserVerified: boolean) => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    /** Until the next reload, the user picks no passkey from the autofill. */
    ignoreAutofill: () =>
      page.evaluate(() => {
        PublicKeyCredential.isConditionalMediationAvailable = async () => false
      })
  }
}
