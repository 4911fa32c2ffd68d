import type { Page } from 'playwright-core'
import { PASSWORD } from '../build.ts'

// What a person does on the page of the example, by what is to be read there.

export const field = (page: Page, form: string, label: string) =>
  page.getByRole('form', { name: form }).getByLabel(label, { exact: true })
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

export async function choose(page: Page, kind: 'cookie' | 'token') {
  const radio = page.getByRole('radio', { name: kind === 'cookie' ? 'session cookie' : 'access token' })
  await radio.check()
  await page.reload()
  await radio.and(page.getByRole('radio', { checked: true })).waitFor()
}

export async function signUp(page: Page, username = 'ada', name = 'Ada Lovelace') {
  await field(page, 'Sign up', 'User name').fill(username)
  await field(page, 'Sign up', 'E-mail').fill(`${username}@example.com`)
  await field(page, 'Sign up', 'Name').fill(name)
  await field(page, 'Sign up', 'New password').fill(PASSWORD)
  await press(page, 'Sign up')
  await isIn(page, name)
}

export async function logIn(page: Page, password = PASSWORD) {
  await field(page, 'Log in', 'User name or e-mail').fill('ada')
  await field(page, 'Log in', 'Password').fill(password)
  await press(page, 'Log in')
}

/** Waits until the page shows this account. */
export const isIn = (page: Page, name = 'Ada Lovelace') => page.getByRole('heading', { name, exact: true }).waitFor()
/** Waits until the page asks who one is. */
export const isOut = (page: Page) => page.getByRole('heading', { name: 'Log in', exact: true }).waitFor()
