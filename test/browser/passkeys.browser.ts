import type { Page } from 'playwright-core'
import t from 'tap'
import { PASSWORD } from '../build.ts'
import { signUpBy } from '../process.ts'
import { look, screens } from './looks.ts'
import { addAuthenticator, field, isIn, isOut, press, rows, signUp, visit } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

// Chromium's own WebAuthn, with its virtual authenticator in place of a device.

const [world] = worlds
type Reply = {
  status: number
  body: { code?: string; user?: { username: string }; passkeys?: object[]; synced?: boolean }
}

/** Calls the service from a script of this page, with cookies. */
function call(page: Page, method: string, url: string, payload?: object): Promise<Reply> {
  return page.evaluate(
    async ([method, url, payload]) => {
      const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) }
      const reply = await fetch(url, { method, credentials: 'include', ...(payload && json) })
      const text = await reply.text()
      return { status: reply.status, body: text ? JSON.parse(text) : {} }
    },
    [method, url, payload] as const
  )
}

/** Gets a challenge here, lets the browser answer it, and returns what to send; an error of the browser by its name. */
function answer(page: Page, url: string, kind: 'create' | 'get') {
  return page.evaluate(
    async ([url, kind]) => {
      const reply = await fetch(url, { method: 'POST', credentials: 'include' })
      const { ticket, options } = await reply.json()
      const Credential = PublicKeyCredential
      try {
        const credential =
          kind === 'create'
            ? await navigator.credentials.create({ publicKey: Credential.parseCreationOptionsFromJSON(options) })
            : await navigator.credentials.get({ publicKey: Credential.parseRequestOptionsFromJSON(options) })
        return { ticket, credential: (credential as PublicKeyCredential).toJSON(), error: null }
      } catch (error) {
        return { ticket, credential: null, error: (error as Error).name }
      }
    },
    [url, kind] as const
  )
}

t.test('a passkey of the browser is added, logs in without a name, and confirms its user', async (t) => {
  const folder = t.testdir({ 'index.html': '<!doctype html><title>App</title>' })
  const stage = await openStage(t, world, { PASSKEY_RP_ID: 'localhost', MAIL_URL: '' }, () => folder)
  await signUpBy(stage.api, 'ada')
  const browser = await openBrowser(t)
  const page = await browser.openTab(stage.app)
  const authenticator = await addAuthenticator(page)
  const auth = `${stage.api}/api/auth`
  const passkeys = `${stage.api}/api/users/me/passkeys`
  const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
  t.equal((await call(page, 'POST', `${auth}/login`, credentials)).status, 200)

  const { error: _, ...created } = await answer(page, `${passkeys}/challenge`, 'create')
  const added = await call(page, 'POST', passkeys, { ...created, name: 'This browser' })
  t.equal(added.status, 201, JSON.stringify(added.body))
  t.equal((await answer(page, `${passkeys}/challenge`, 'create')).error, 'InvalidStateError', 'only once a device')
  t.equal((await call(page, 'POST', `${auth}/logout`)).status, 204)

  for (let times = 1; times <= 2; times++) {
    const { error: _, ...signed } = await answer(page, `${auth}/passkeys/challenge`, 'get')
    const loggedIn = await call(page, 'POST', `${auth}/passkeys/login`, { ...signed, authType: 'cookie' })
    t.equal(loggedIn.body.user?.username, 'ada', JSON.stringify(loggedIn.body))
    const again = await call(page, 'POST', `${auth}/passkeys/login`, { ...signed, authType: 'cookie' })
    t.equal(again.body.code, 'TICKET_INVALID', 'a reused challenge')
  }
  const { error: __, ...passkey } = await answer(page, `${auth}/passkeys/challenge`, 'get')
  t.equal((await call(page, 'POST', `${auth}/reauthenticate`, { passkey })).status, 204)
  t.match(await call(page, 'GET', passkeys), { body: { passkeys: [{ name: 'This browser', lastUsedAt: /^20/ }] } })

  await authenticator.verify(false)
  t.equal(
    (await answer(page, `${auth}/passkeys/challenge`, 'get')).error,
    'NotAllowedError',
    'a stranger at the device'
  )
})

for (const { name, phone } of screens) {
  t.test(`passkeys are added, renamed, used, and removed in the example: ${name}`, async (t) => {
    const stage = await openStage(t, world)
    const browser = await openBrowser(t, { phone })
    const page = await browser.openTab(stage.app)
    const authenticator = await addAuthenticator(page)
    await signUp(page)
    await visit(page, 'Security')
    await press(page, 'Add a passkey')
    t.match(await field(page, 'Continue', 'Name of the passkey').inputValue(), /Chrome/)
    await look(t, page, `passkey-add-${name}`)
    await field(page, 'Continue', 'Name of the passkey').fill('This phone')
    await press(page, 'Continue')
    const passkey = rows(page, 'Passkeys').first()
    await passkey.filter({ hasText: 'not used yet' }).waitFor()
    await look(t, page, `passkeys-${name}`)
    await press(page, 'Add a passkey')
    await press(page, 'Continue')
    await page.getByRole('alert').filter({ hasText: 'This device already has a passkey' }).waitFor()
    await press(page, 'Cancel')
    await press(page, 'Rename')
    await field(page, 'Save name', 'Name of the passkey').fill('My phone')
    await press(page, 'Save name')
    await passkey.filter({ hasText: 'My phone' }).waitFor()

    await authenticator.ignoreAutofill()
    await press(page, 'Sign out')
    await isOut(page)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
    await look(t, page, `passkey-sign-in-${name}`)
    await press(page, 'Sign in with a passkey')
    await isIn(page)
    await press(page, 'Sign out')
    await isOut(page)
    // The autofill offers the passkey.
    await page.reload()
    await isIn(page)
    await visit(page, 'Security')
    await passkey.filter({ hasText: 'last used just now' }).waitFor()
    await press(page, 'Remove')
    await look(t, page, `passkey-remove-${name}`)
    await press(page, 'Yes, remove it')
    await passkey.waitFor({ state: 'detached' })
    t.same(browser.complaints, [])

    await press(page, 'Sign out')
    await page.getByRole('alert').filter({ hasText: 'It may have been removed' }).waitFor()
    t.match(browser.complaints, [/401/])
  })
}
