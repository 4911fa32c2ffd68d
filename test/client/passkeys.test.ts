import t, { type Test } from 'tap'
import { transports } from '../build.ts'
import { createAuthenticator, ORIGIN } from '../features/passkeys/authenticator.ts'
import { waitUntil } from '../wait.ts'
import { ADA, createSessionStorage, open } from './browser.ts'

type Options = { challenge: string; user?: { id: string } }
type Request = { publicKey: Options; mediation?: string; signal?: AbortSignal }

/** A browser with this passkey, which its user picks immediately, or from the autofill when the test says so. */
function createWebAuthn(t: Test) {
  const device = createAuthenticator()
  const toCredential = (json: object) => ({ toJSON: () => json })
  /** Picks the passkey of each request in the autofill. */
  const offered: (() => void)[] = []
  const state = { refusal: '' }

  async function answer(work: () => object) {
    if (state.refusal) throw new DOMException('', state.refusal)
    return toCredential(work())
  }
  const credentials = {
    create: ({ publicKey }: Request) => answer(() => device.register(publicKey)),
    get({ publicKey, mediation, signal }: Request) {
      const sign = () => answer(() => device.sign(publicKey))
      if (mediation !== 'conditional') return sign()
      return new Promise((resolve, reject) => {
        offered.push(() => resolve(sign()))
        signal?.addEventListener('abort', () => reject(signal.reason))
      })
    }
  }
  const PublicKeyCredential = {
    parseCreationOptionsFromJSON: (options: Options) => options,
    parseRequestOptionsFromJSON: (options: Options) => options,
    isConditionalMediationAvailable: async () => true
  }
  Object.assign(globalThis, { PublicKeyCredential })
  Object.defineProperty(navigator, 'credentials', { configurable: true, value: credentials })
  t.teardown(() => {
    Reflect.deleteProperty(globalThis, 'PublicKeyCredential')
    Reflect.deleteProperty(navigator, 'credentials')
  })
  return { offered, state }
}
const environment = { CORS_API_ORIGINS: ORIGIN }
const CHALLENGE = 'POST /api/auth/passkeys/challenge'

for (const { kind } of transports) {
  t.test(`a passkey is added, signs in, confirms its user, and is removed (${kind})`, async (t) => {
    createSessionStorage(t)
    const { state } = createWebAuthn(t)
    const { openTab } = await open(t, environment)
    const tab = openTab(kind)
    await tab.login(ADA)
    t.equal(await tab.passkeys.isAvailable(), true)
    const { id } = await tab.passkeys.add('Phone')
    await tab.passkeys.rename(id, 'My phone')
    t.match(await tab.passkeys.list(), [{ id, name: 'My phone', lastUsedAt: null, synced: false }])

    await tab.logout()
    await tab.passkeys.signIn({ remember: false })
    const before = await tab.session()
    t.match(before, { user: { username: 'ada' }, session: { kind } })
    t.match(await openTab(kind).session(), { user: { username: 'ada' } }, 'also after a reload')
    await tab.passkeys.reauthenticate()
    t.not((await tab.session())?.session.id, before?.session.id, 'the session was renewed')

    for (const [refusal, code] of [
      ['NotAllowedError', 'CANCELED'],
      ['AbortError', 'CANCELED'],
      ['InvalidStateError', 'ALREADY_ADDED'],
      ['SecurityError', 'WRONG_DOMAIN'],
      ['NotSupportedError', 'UNSUPPORTED']
    ] as const) {
      state.refusal = refusal
      await t.rejects(tab.passkeys.add('Another'), { name: 'PasskeyError', code })
      await t.rejects(tab.passkeys.signIn(), { name: 'PasskeyError', code })
    }
    state.refusal = 'DataError'
    await t.rejects(tab.passkeys.prove(), { name: 'DataError' }, 'what is not known stays as it is')
    state.refusal = ''

    await tab.passkeys.remove(id)
    t.same(await tab.passkeys.list(), [])
    await tab.logout()
    await t.rejects(tab.passkeys.signIn(), { code: 'INVALID_CODE' })
    t.equal(await tab.session(), null)
  })
}

t.test('the autofill offers passkeys until one signs in, also after a dialog that the user closed', async (t) => {
  const { offered, state } = createWebAuthn(t)
  const { openTab, count } = await open(t, environment)
  const tab = openTab('cookie')
  await tab.login(ADA)
  const { id } = await tab.passkeys.add('Phone')
  await tab.logout()

  t.equal(await tab.passkeys.isAvailable(), true)
  t.equal(await tab.passkeys.isAvailable(), true)
  const errors: unknown[] = []
  const stop = tab.passkeys.autofill({ remember: true, onError: (error) => errors.push(error) })
  await waitUntil(() => offered.length === 1, 'the autofill offers the passkey')
  t.equal(count(CHALLENGE), 1, 'with the challenge that the page has already got')
  state.refusal = 'NotAllowedError'
  await t.rejects(tab.passkeys.signIn(), { code: 'CANCELED' })
  await waitUntil(() => offered.length === 2, 'the autofill is back')
  t.same(errors, [])
  state.refusal = ''
  offered[1]?.()
  await waitUntil(async () => (await tab.session()) !== null, 'the passkey signs in')
  stop()

  const { passkeys } = tab
  await passkeys.remove(id)
  await tab.logout()
  const stopAgain = passkeys.autofill({ onError: (error) => errors.push(error) })
  await waitUntil(() => offered.length === 3, 'the autofill offers the passkey')
  offered[2]?.()
  await waitUntil(() => offered.length === 4, 'the next try can be right')
  t.match(errors, [{ code: 'INVALID_CODE' }])
  stopAgain()
  await new Promise(setImmediate)
  t.equal(offered.length, 4)
  t.equal(errors.length, 1)
})

t.test('a page that stays open for long gets another challenge', async (t) => {
  const { offered } = createWebAuthn(t)
  const { openTab, intercept } = await open(t, environment)
  const tab = openTab('cookie')
  await tab.login(ADA)
  await tab.passkeys.add('Phone')
  await tab.logout()
  intercept(({ url }) =>
    url.endsWith('/passkeys/challenge')
      ? async (reply) => {
          const { ticket, options } = (await reply.json()) as { ticket: string; options: object }
          intercept(() => null)
          return Response.json({ ticket, options: { ...options, timeout: 50 } })
        }
      : null
  )
  const stop = tab.passkeys.autofill()
  await waitUntil(() => offered.length === 2, 'the autofill has another challenge')
  offered[1]?.()
  await waitUntil(async () => (await tab.session()) !== null, 'the passkey signs in')
  stop()
})

t.test('without passkeys in the browser or in the service, none are offered', async (t) => {
  const { openTab, calls } = await open(t, { PASSKEY_RP_ID: '' })
  const tab = openTab('cookie')
  t.equal(tab.passkeys.isSupported(), false)
  t.equal(await tab.passkeys.isAvailable(), false)
  tab.passkeys.autofill()
  t.same(calls, [], 'the service is not asked')
  const withPasskeys = (await open(t, environment)).openTab('cookie')
  await t.rejects(withPasskeys.passkeys.signIn(), { name: 'PasskeyError', code: 'UNSUPPORTED' })

  const { offered } = createWebAuthn(t)
  t.equal(tab.passkeys.isSupported(), true)
  t.equal(await tab.passkeys.isAvailable(), false)
  tab.passkeys.autofill()
  await waitUntil(() => calls.filter((call) => call === CHALLENGE).length === 2, 'the service was asked')
  t.same(offered, [])
})
