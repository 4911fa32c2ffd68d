import t from 'tap'
import { ApiError, createClient } from '../../client/src/index.ts'
import { PASSWORD, signUp, transports } from '../build.ts'
import { waitUntil } from '../wait.ts'
import { ADA, BOB, messagesArrive, open, problem, REFRESH, usersOf } from './browser.ts'

for (const { kind } of transports) {
  t.test(`logs in, stays logged in after a reload, and logs out (${kind})`, async (t) => {
    const { openTab, jar } = await open(t)
    const tab = openTab(kind)
    t.equal(await tab.session(), null)
    const user = await tab.login(ADA)
    t.equal(user.username, 'ada')
    t.match(await tab.session(), { user, session: { kind } })
    const { data } = await tab.api.GET('/api/users/me')
    t.same(data, user)
    t.equal((await tab.fetch('/api/auth/sessions')).status, 200, 'fetch is logged in too')

    const reloaded = openTab(kind)
    t.match(await reloaded.session(), { user }, 'a reload loses only the access token')
    await reloaded.logout()
    t.equal(await tab.session(), null)
    t.equal(jar.size, 0, 'no cookie remains')
  })

  t.test(`throws an error with a code for each refused call (${kind})`, async (t) => {
    const { openTab } = await open(t)
    const tab = openTab(kind)
    const refused = await tab.login({ ...ADA, password: 'wrong' }).catch((error: unknown) => error)
    t.ok(refused instanceof ApiError)
    t.match(refused, {
      code: 'INVALID_CREDENTIALS',
      status: 401,
      requestId: /./,
      errors: [],
      fields: {},
      retryAfterMs: null
    })
    await tab.login(ADA)
    await t.rejects(tab.reauthenticate('wrong'), { code: 'INVALID_CREDENTIALS', status: 401 })
    t.ok(await tab.session(), 'the session is still active')
    await t.rejects(tab.changePassword({ currentPassword: PASSWORD, newPassword: 'password' }), {
      code: 'PASSWORD_TOO_COMMON'
    })
    const body = { username: 'a', email: 'a@example.com', name: 'Ada', password: PASSWORD }
    const { error } = await tab.api.POST('/api/auth/signup', { body })
    t.match(error, { code: 'VALIDATION_FAILED', errors: [{ pointer: '/username' }] })
  })

  t.test(`signs up and logs in, and says which fields are refused (${kind})`, async (t) => {
    const { openTab } = await open(t)
    const tab = openTab(kind)
    const bob = { username: 'bob', email: 'bob@example.com', name: 'Bob', password: PASSWORD }
    await t.rejects(tab.signUp({ ...bob, username: 'b', name: '' }), {
      code: 'VALIDATION_FAILED',
      fields: { username: { pointer: '/username', detail: /./ } }
    })
    t.equal(await tab.session(), null)
    const user = await tab.signUp(bob)
    t.match(user, { username: 'bob', name: 'Bob' })
    t.match(await tab.session(), { user, session: { kind } })
    await t.rejects(tab.signUp(bob), { code: 'USERNAME_TAKEN' })
    t.match(await tab.session(), { user }, 'a refused sign-up ends no session')
  })

  t.test(`keeps the session after a new password or a confirmed one (${kind})`, async (t) => {
    const { openTab } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    await tab.reauthenticate(PASSWORD)
    t.ok(await tab.session())
    await tab.changePassword({ currentPassword: PASSWORD, newPassword: 'another long password' })
    t.ok(await tab.session())
    t.ok(await openTab(kind).session(), 'also after a reload')
  })

  t.test(`throws if the service cannot store a logout, and can repeat it (${kind})`, async (t) => {
    const { openTab, intercept } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    intercept(({ url }) =>
      url.endsWith('/logout') ? problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '5' }) : null
    )
    await t.rejects(tab.logout(), { code: 'SERVICE_UNAVAILABLE', retryAfterMs: 5000 })
    t.ok(await tab.session(), 'the user is still logged in')
    intercept(() => null)
    await tab.logout()
    t.equal(await tab.session(), null)
  })

  t.test(`retries reads, but no changes, after Retry-After (${kind})`, async (t) => {
    const { openTab, intercept, count } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    let refusals = 2
    intercept(({ url }) =>
      url.includes('/api/users') && refusals-- > 0 ? problem(429, 'RATE_LIMITED', { 'retry-after': '0.1' }) : null
    )
    const begin = performance.now()
    t.equal((await tab.api.GET('/api/users/me')).response.status, 200)
    t.ok(performance.now() - begin >= 190)
    t.equal(count('GET /api/users/me'), 3)

    refusals = 9
    const { response } = await tab.api.PATCH('/api/users/me', { body: { name: 'Ada King' } })
    t.equal(response.status, 429)
    t.equal(count('PATCH /api/users/me'), 1)
    intercept(() => problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '600' }))
    t.equal((await tab.fetch('/api/users/me')).status, 503, 'ten minutes are too long to wait')
  })

  t.test(`a logout in one tab logs out all tabs (${kind})`, async (t) => {
    const { openTab } = await open(t)
    const [one, other] = [openTab(kind), openTab(kind)]
    const changes: boolean[] = []
    other.onChange((isLoggedIn) => changes.push(isLoggedIn))
    await one.login(ADA)
    await waitUntil(() => changes.length === 1, 'the other tab sees the login')
    t.ok(await other.session())
    await one.logout()
    await waitUntil(() => changes.length === 2, 'the other tab sees the logout')
    t.same(changes, [true, false])
  })

  t.test(`a tab notices that another user has logged in (${kind})`, async (t) => {
    const { openTab, app } = await open(t)
    await signUp(app, 'bob')
    const [one, other] = [openTab(kind), openTab(kind)]
    await other.login(ADA)
    const changes: boolean[] = []
    other.onChange((isLoggedIn) => changes.push(isLoggedIn))
    await one.login(BOB)
    await waitUntil(() => changes.length === 1, 'the other tab sees the login')
    t.match(await other.session(), { user: { username: 'bob' } })
  })
}

const noCookies = transports.every(({ kind }) => kind !== 'cookie') && 'needs the cookie transport'

t.test('with cookies, a refused call in one tab does not log out the others', { skip: noCookies }, async (t) => {
  const { openTab, intercept } = await open(t)
  const [one, other] = [openTab('cookie'), openTab('cookie')]
  await one.login(ADA)
  t.ok(await other.session())
  const changes: string[] = []
  one.onChange((isLoggedIn) => changes.push(`one: ${isLoggedIn}`))
  other.onChange((isLoggedIn) => changes.push(`other: ${isLoggedIn}`))
  // A late reply to a call with the cookie from before a renewal.
  intercept(({ url }) => (url.endsWith('/me') ? problem(401, 'SESSION_REVOKED') : null))
  await one.api.GET('/api/users/me')
  t.ok(await one.session(), 'the tab sees that the session is active')
  await messagesArrive()
  t.same(changes, ['one: false', 'one: true'])
})

t.test('a logout throws if it is refused while the session is active', { skip: noCookies }, async (t) => {
  const { openTab, intercept } = await open(t)
  const tab = openTab('cookie')
  await tab.login(ADA)
  intercept(({ url }) => (url.endsWith('/logout') ? problem(401, 'UNAUTHENTICATED') : null))
  await t.rejects(tab.logout(), { code: 'UNAUTHENTICATED' })
  intercept(() => null)
  await tab.logout()
  t.equal(await tab.session(), null)
})

/** Changes the reply to a login: its access token has already expired. */
const expire = async (reply: Response) =>
  Response.json({ ...((await reply.json()) as object), expiresIn: 0 }, { headers: reply.headers })

const noTokens = transports.every(({ kind }) => kind !== 'token') && 'needs the token transport'

t.test('any number of calls with a stale token share one refresh', { skip: noTokens }, async (t) => {
  const { openTab, count, headers, intercept } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  await tab.api.GET('/api/users/me')
  const stale = headers.at(-1)?.get('authorization')
  t.match(stale, /^Bearer /)
  intercept((request) => (request.headers.get('authorization') === stale ? problem(401, 'TOKEN_EXPIRED') : null))
  const changes = Array.from({ length: 10 }, (_, i) => tab.api.PATCH('/api/users/me', { body: { name: `Ada ${i}` } }))
  const reads = Array.from({ length: 10 }, () => tab.api.GET('/api/users/me'))
  const statuses = (await Promise.all([...changes, ...reads])).map(({ response }) => response.status)
  t.same(statuses, Array(20).fill(200), 'bodies are repeated too')
  t.equal(count(REFRESH), 1)
})

t.test('refreshes an expired token before the call', { skip: noTokens }, async (t) => {
  const { openTab, calls, intercept } = await open(t)
  const tab = openTab('token')
  intercept(({ url }) => (url.endsWith('/login') ? expire : null))
  await tab.login(ADA)
  calls.length = 0
  const replies = await Promise.all([tab.api.GET('/api/users/me'), tab.fetch('/api/auth/sessions')])
  t.same(
    replies.map((reply) => ('response' in reply ? reply.response : reply).status),
    [200, 200]
  )
  t.same(calls, [REFRESH, 'GET /api/users/me', 'GET /api/auth/sessions'])
})

t.test('a logout with a stale token revokes the session', { skip: noTokens }, async (t) => {
  const { openTab, headers, intercept, app } = await open(t)
  const tab = openTab('token')
  const { id } = await tab.login(ADA)
  await tab.api.GET('/api/users/me')
  const stale = headers.at(-1)?.get('authorization')
  intercept((request) => (request.headers.get('authorization') === stale ? problem(401, 'TOKEN_EXPIRED') : null))
  await tab.logout()
  t.same(await app.sessions.listLive(id, new Date()), [], 'the service has revoked it')
})

t.test('reauthenticates with a stale token', { skip: noTokens }, async (t) => {
  const { openTab, headers, intercept, count } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  await tab.api.GET('/api/users/me')
  const stale = headers.at(-1)?.get('authorization')
  intercept((request) => (request.headers.get('authorization') === stale ? problem(401, 'INVALID_TOKEN') : null))
  await tab.reauthenticate(PASSWORD)
  t.equal(count(REFRESH), 1)
  t.ok(await tab.session())
  await t.rejects(tab.reauthenticate('wrong'), { code: 'INVALID_CREDENTIALS' })
})

t.test('retries a refresh after Retry-After', { skip: noTokens }, async (t) => {
  const { openTab, intercept, count } = await open(t)
  await openTab('token').login(ADA)
  let refusals = 2
  intercept(({ url }) =>
    url.endsWith('/token-refresh') && refusals-- > 0
      ? problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '0.1' })
      : null
  )
  t.ok(await openTab('token').session())
  t.equal(count(REFRESH), 3)
})

t.test('a refresh that fails for now does not end the session', { skip: noTokens }, async (t) => {
  const { openTab, intercept } = await open(t)
  await openTab('token').login(ADA)
  const reloaded = openTab('token')
  intercept(({ url }) => (url.endsWith('/token-refresh') ? problem(503, 'SERVICE_UNAVAILABLE') : null))
  await t.rejects(reloaded.session(), { code: 'SERVICE_UNAVAILABLE' })
  intercept(() => null)
  t.ok(await reloaded.session())
})

t.test('notices with the next call that the session was revoked', async (t) => {
  const { openTab, app } = await open(t)
  for (const { kind } of transports) {
    const tab = openTab(kind)
    const { id } = await tab.login(ADA)
    const changes: boolean[] = []
    tab.onChange((isLoggedIn) => changes.push(isLoggedIn))
    await app.revocations.revokeAll(app, id, 'all', new Date())
    t.equal((await tab.api.GET('/api/users/me')).response.status, 401)
    t.same(changes, [false], kind)
    t.equal(await tab.session(), null)
  }
})

t.test('no token is where a script of another page could read it', { skip: noTokens }, async (t) => {
  const { openTab, headers, calls } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  await tab.api.GET('/api/users/me')
  const sentCookie = calls.filter((_, i) => headers[i]?.has('cookie'))
  t.same(sentCookie, [], 'ordinary calls do not carry the refresh cookie')
  t.notMatch(JSON.stringify({ ...tab }), /eyJ/)
})

t.test('a call of one user is not repeated with the token of another', { skip: noTokens }, async (t) => {
  const { openTab, app, intercept, headers, count } = await open(t)
  await signUp(app, 'bob')
  const [one, other] = [openTab('token'), openTab('token')]
  await one.login(ADA)
  await one.api.GET('/api/users/me')
  const stale = headers.at(-1)?.get('authorization')
  intercept((request) =>
    request.headers.get('authorization') === stale
      ? async () => {
          await other.login(BOB)
          await messagesArrive()
          return problem(401, 'TOKEN_REVOKED')
        }
      : null
  )
  const { response } = await one.api.DELETE('/api/users/me')
  t.equal(response.status, 401)
  t.equal(count('DELETE /api/users/me'), 1)
  t.match(await one.session(), { user: { username: 'bob' } }, 'bob is logged in now')
})

t.test('refreshes if check-auth does not accept the token', { skip: noTokens }, async (t) => {
  const { openTab, intercept, headers, count } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  await tab.session()
  const stale = headers.at(-1)?.get('authorization')
  intercept((request) =>
    request.headers.get('authorization') === stale ? Response.json({ authenticated: false }) : null
  )
  t.match(await tab.session(), { user: { username: 'ada' } })
  t.equal(count(REFRESH), 1)
})

t.test('a refresh that completes after a logout does not restore the session', { skip: noTokens }, async (t) => {
  const { openTab, intercept } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  const [reloaded, changes] = [openTab('token'), [] as boolean[]]
  tab.onChange((isLoggedIn) => changes.push(isLoggedIn))
  let ended: Promise<void> | undefined
  intercept(({ url }) =>
    url.endsWith('/token-refresh')
      ? async (reply) => {
          ended ??= tab.logout()
          await messagesArrive()
          return reply
        }
      : null
  )
  await reloaded.session()
  await ended
  await waitUntil(() => changes.length === 1, 'the tab sees the logout')
  t.equal(await reloaded.session(), null)
  t.equal(await tab.session(), null)
  t.same(changes, [false])
})

t.test('retries a refresh if the reply is lost', { skip: noTokens }, async (t) => {
  const { openTab, intercept, count } = await open(t)
  await openTab('token').login(ADA)
  let losses = 1
  intercept(({ url }) =>
    url.endsWith('/token-refresh') && losses-- > 0
      ? async () => {
          throw new TypeError('network error')
        }
      : null
  )
  t.ok(await openTab('token').session())
  t.equal(count(REFRESH), 2)
})

t.test('in Node, clients share nothing and keep tokens in memory', { skip: noTokens }, async (t) => {
  const { app, url } = await open(t)
  await signUp(app, 'bob')
  Reflect.deleteProperty(globalThis, 'document')
  let isBusy = true
  const send = async (request: RequestInfo | URL, init?: RequestInit) => {
    const reply = await fetch(request, init)
    const isRefused = isBusy && (request as Request).url.endsWith('/token-refresh')
    if (isRefused) isBusy = false
    if ((request as Request).url.endsWith('/login')) return expire(reply)
    return isRefused ? problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '0.1' }) : reply
  }
  // A trailing slash is common.
  const openClient = () => createClient({ baseUrl: `${url}/`, transport: 'token', fetch: send })
  const [ada, bob] = [openClient(), openClient()]
  await ada.login(ADA)
  await bob.login(BOB)
  t.match((await ada.api.GET('/api/users/me')).data, { username: 'ada' })
  t.match(await bob.session(), { user: { username: 'bob' } })
  await ada.logout()
  t.equal(await ada.session(), null)
  t.ok(await bob.session())
})

t.test('a refresh that returns a token of another user ends the session', { skip: noTokens }, async (t) => {
  const { openTab, app, url, send, headers, count } = await open(t)
  const bob = await signUp(app, 'bob')
  const [tab, other] = [openTab('token'), openTab('token')]
  await tab.login(ADA)
  t.match(await other.session(), { user: { username: 'ada' } })
  const changes: string[] = []
  tab.onChange((isLoggedIn) => changes.push(`tab: ${isLoggedIn}`))
  other.onChange((isLoggedIn) => changes.push(`other: ${isLoggedIn}`))
  // Bob logs in on another origin in the same browser: no message arrives, the cookie is his, and ada's session has ended.
  const body = JSON.stringify({ ...BOB, authType: 'token', refreshIn: 'cookie' })
  const type = { 'content-type': 'application/json' }
  await send(`${url}/api/auth/login`, { method: 'POST', headers: type, body, credentials: 'include' })
  headers.length = 0
  const { response } = await tab.api.DELETE('/api/users/me')
  t.equal(response.status, 401)
  t.equal(count('DELETE /api/users/me'), 1)
  t.equal(count(REFRESH), 1)
  await waitUntil(() => changes.length === 2, 'both tabs see the end')
  for (const one of [tab, other]) t.equal(await one.session(), null)
  t.same(changes.sort(), ['other: false', 'tab: false'])
  t.notOk(usersOf(headers).includes(bob.id), 'no token of bob was sent')

  await tab.login(BOB)
  for (const one of [tab, other])
    t.match(await one.session(), { user: { username: 'bob' } }, 'logging in as another user works')
})

for (const { kind } of transports) {
  t.test(`a login as another user during a password change wins (${kind})`, async (t) => {
    const { openTab, app, intercept } = await open(t)
    await signUp(app, 'bob')
    const [one, other] = [openTab(kind), openTab(kind)]
    await one.login(ADA)
    let login: Promise<unknown> | undefined
    intercept(({ url }) =>
      url.endsWith('/password')
        ? async (reply) => {
            login ??= other.login(BOB)
            await messagesArrive()
            return reply
          }
        : null
    )
    await one.changePassword({ currentPassword: PASSWORD, newPassword: 'another long password' })
    await login
    await messagesArrive()
    for (const tab of [one, other]) t.match(await tab.session(), { user: { username: 'bob' } })
    await one.login({ ...ADA, password: 'another long password' })
  })
}

t.test('a token client never uses the session cookie', { skip: noTokens || noCookies }, async (t) => {
  const { openTab } = await open(t)
  const [byCookie, byToken] = [openTab('cookie'), openTab('token')]
  await byCookie.login(ADA)
  await byToken.logout()
  await t.rejects(byToken.reauthenticate(PASSWORD), { code: 'INVALID_TOKEN' })
  t.equal(await byToken.session(), null)
  t.ok(await byCookie.session())
})

t.test('an error reply of a proxy to a refresh does not end the session', { skip: noTokens }, async (t) => {
  const { openTab, intercept } = await open(t)
  await openTab('token').login(ADA)
  const reloaded = openTab('token')
  intercept(({ url }) => (url.endsWith('/token-refresh') ? new Response('Bad Request', { status: 400 }) : null))
  await t.rejects(reloaded.session(), { code: 'UNKNOWN', status: 400 })
  intercept(() => null)
  t.ok(await reloaded.session())
})

t.test('sends the token to the service only, whatever the path', { skip: noTokens }, async (t) => {
  const { openTab, calls } = await open(t)
  const tab = openTab('token')
  await tab.login(ADA)
  for (const path of ['.example.com/x', '//example.com/x', 'https://example.com/x'])
    t.equal((await tab.fetch(path)).status, 404, path)
  t.same(calls.slice(-3), ['GET /.example.com/x', 'GET //example.com/x', 'GET /https://example.com/x'])
})
