import t from 'tap'
import { transports } from '../build.ts'
import { claimsOf, settingsFor } from '../features/oidc/calls.ts'
import { startProvider } from '../features/oidc/provider.ts'
import { ADA, createSessionStorage, open } from './browser.ts'

for (const { kind } of transports) {
  t.test(`a tab goes to a provider and back: signs up, logs in, links, and confirms (${kind})`, async (t) => {
    createSessionStorage(t)
    const provider = await startProvider(t)
    const { openTab, app } = await open(t, settingsFor({ test: provider }))
    const claims = claimsOf('carl', { auth_time: Math.floor(Date.now() / 1000) })
    const first = openTab(kind)
    t.same(await first.oidc.providers(), [{ id: 'test', name: 'Test' }])
    const url = await first.oidc.start('test', { remember: false })
    // The provider is another page: this tab is loaded again when the user comes back.
    const back = openTab(kind)
    await t.rejects(back.oidc.finish(provider.agree(url, { claims })), { code: 'SIGN_UP_REQUIRED' })
    t.match(openTab(kind).pending('newcomer'), { email: 'carl@example.com', hasAccount: false })
    await t.rejects(back.oidc.signUp({ username: 'ada', name: 'Carl' }), { code: 'USERNAME_TAKEN' })
    await back.oidc.signUp({ username: 'carl', name: 'Carl' })
    const signedUp = await back.session()
    t.match(signedUp, { user: { username: 'carl' }, session: { kind } })
    t.match(await app.sessions.find(signedUp?.session.id ?? ''), { remember: false })
    t.equal(back.pending('newcomer'), null)
    await back.logout()

    t.equal(await back.oidc.finish(provider.agree(await back.oidc.start('test'), { claims })), 'login')
    t.match(await back.session(), { user: { username: 'carl' } })
    t.equal(back.pending('oidc'), null)
    const [identity] = await back.oidc.identities()
    await t.rejects(back.oidc.unlink(identity?.id ?? ''), { code: 'LAST_CREDENTIAL' })
    const again = claimsOf('carl', { sub: 'carl-2' })
    t.equal(
      await back.oidc.finish(provider.agree(await back.oidc.start('test', { intent: 'link' }), { claims: again })),
      'link'
    )
    await back.oidc.unlink(identity?.id ?? '')
    const before = (await back.session())?.session.id
    t.equal(
      await back.oidc.finish(provider.agree(await back.oidc.start('test', { intent: 'confirm' }), { claims: again })),
      'confirm'
    )
    t.not((await back.session())?.session.id, before, 'the session was renewed')
  })
}

t.test('a newcomer who has an account logs in, then links', async (t) => {
  createSessionStorage(t)
  const provider = await startProvider(t)
  const { openTab } = await open(t, settingsFor({ test: provider }))
  const tab = openTab('cookie')
  const come = async () => tab.oidc.finish(provider.agree(await tab.oidc.start('test'), { claims: claimsOf('ada') }))
  await t.rejects(come(), { code: 'ACCOUNT_EXISTS', newcomer: { email: 'ada@example.com' } })
  t.match(tab.pending('newcomer'), { hasAccount: true })
  await tab.login(ADA)
  t.match(await tab.oidc.linkNewcomer(), { provider: 'test' })
  await tab.logout()
  t.equal(await come(), 'login')

  const url = await tab.oidc.start('test')
  provider.troubles.set('*', (_request, reply) => reply.writeHead(503).end())
  const response = provider.agree(url, { claims: claimsOf('ada') })
  await t.rejects(tab.oidc.finish(response), { code: 'PROVIDER_UNAVAILABLE' })
  provider.troubles.clear()
  t.equal(await tab.oidc.finish(response), 'login', 'the same response works later')
})

t.test('the response is taken out of the address before anything else', async (t) => {
  const { openTab } = await open(t)
  const tab = openTab('cookie')
  const addresses: string[] = []
  const pages = { pathname: '/', hash: '#/notes', search: '' }
  t.intercept(globalThis, 'location' as never, { value: pages as never })
  t.intercept(globalThis, 'history' as never, {
    value: { replaceState: (_state: null, _title: string, url: string) => addresses.push(url) } as never
  })
  for (const search of ['', '?a=b', '?code=c', '?state=s']) {
    pages.search = search
    t.equal(tab.oidc.takeResponse(), null)
  }
  for (const search of ['?code=c&state=s', '?error=access_denied&state=s']) {
    pages.search = search
    t.equal(tab.oidc.takeResponse(), search)
  }
  t.same(addresses, ['/#/notes', '/#/notes'])
})
