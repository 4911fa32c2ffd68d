import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { delays } from '../../client/src/delays.ts'
import { createClient } from '../../client/src/index.ts'
import { signUp, transports } from '../build.ts'
import { waitUntil } from '../wait.ts'
import { ADA, BOB, messagesArrive, open, problem, REFRESH, usersOf } from './browser.ts'

// What a browser may deny: the lock, storage, the channel to other tabs.

const noTokens = transports.every(({ kind }) => kind !== 'token') && 'needs the token transport'

/** Replaces a global until the test ends. */
function replaceGlobal(t: Test, target: object, name: string, descriptor: PropertyDescriptor) {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, { configurable: true, ...descriptor })
  t.teardown(() => {
    if (before) Object.defineProperty(target, name, before)
    else Reflect.deleteProperty(target, name)
  })
}

/** Storage for `capacity` characters, names included, as browsers count them. */
function createStorage(t: Test, capacity = 5000) {
  const items = new Map<string, string>()
  const limits = { capacity }
  const storage = {
    getItem: (name: string) => items.get(name) ?? null,
    removeItem: (name: string) => items.delete(name),
    setItem(name: string, value: string) {
      const others = [...items].filter(([other]) => other !== name).flat()
      const { length } = [name, value, ...others].join('')
      if (length > limits.capacity) throw new DOMException('Full', 'QuotaExceededError')
      items.set(name, value)
    }
  }
  replaceGlobal(t, globalThis, 'localStorage', { value: storage })
  /** From now on there is no free space. */
  const fill = () => {
    limits.capacity = [...items].flat().join('').length
  }
  return { items, fill }
}

/** What a call returns. Throws if it takes too long. */
async function withTimeout<Result>(call: Promise<Result>, what: string) {
  let isDone = false
  const done = call.finally(() => {
    isDone = true
  })
  done.catch(() => {})
  await waitUntil(() => isDone, what, 8000)
  return done
}

/** A lock that is never released holds up each call for this long. */
function shortenLockWait(t: Test) {
  const { lockMs } = delays
  delays.lockMs = 300
  t.teardown(() => {
    delays.lockMs = lockMs
  })
}

for (const { kind } of transports) {
  t.test(`a frozen tab does not block the others (${kind})`, async (t) => {
    shortenLockWait(t)
    const { openTab, intercept, count } = await open(t)
    const [frozen, tab] = [openTab(kind), openTab(kind)]
    // The tab has the lock, and its script stops.
    intercept(() => () => new Promise(() => {}))
    void frozen.login(ADA)
    await waitUntil(() => count('POST /api/auth/login') === 1, 'the frozen tab has the lock')
    intercept(() => null)

    t.match(await withTimeout(tab.login(ADA), 'login'), { username: 'ada' })
    t.match(await withTimeout(openTab(kind).session(), 'session'), { user: { username: 'ada' } })
    await withTimeout(tab.logout(), 'logout')
    t.equal(await tab.session(), null)
  })

  t.test(`works if the browser denies locks (${kind})`, async (t) => {
    const request = () => Promise.reject(new DOMException('Denied', 'SecurityError'))
    replaceGlobal(t, navigator, 'locks', { value: { request } })
    const { openTab } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    t.match(await openTab(kind).session(), { user: { username: 'ada' } })
    await t.rejects(tab.login({ ...ADA, password: 'wrong' }), { code: 'INVALID_CREDENTIALS' })
    await tab.logout()
    t.equal(await tab.session(), null)
  })

  const denied: PropertyDescriptor = {
    get() {
      throw new DOMException('Denied', 'SecurityError')
    }
  }
  /** Each returns what to do after the first login and logout. */
  const storages: [what: string, provide: (t: Test) => () => void][] = [
    ['that is full', (t) => createStorage(t, 0).fill],
    ['that fills up', (t) => createStorage(t).fill],
    [
      'that is disabled',
      (t) => {
        replaceGlobal(t, globalThis, 'localStorage', denied)
        return () => {}
      }
    ]
  ]
  for (const [what, provide] of storages) {
    t.test(`logs in, stays logged in after a reload, and logs out with storage ${what} (${kind})`, async (t) => {
      const fill = provide(t)
      const { openTab } = await open(t)
      for (let round = 1; round <= 2; round++) {
        const tab = openTab(kind)
        await tab.login(ADA)
        t.match(await tab.session(), { user: { username: 'ada' } })
        const reloaded = openTab(kind)
        t.match(await reloaded.session(), { user: { username: 'ada' } })
        await reloaded.logout()
        t.equal(await reloaded.session(), null)
        t.equal(await openTab(kind).session(), null)
        fill()
      }
    })
  }

  t.test(`logs in and out without a channel to other tabs (${kind})`, async (t) => {
    class Denied {
      constructor() {
        throw new DOMException('Denied', 'SecurityError')
      }
    }
    replaceGlobal(t, globalThis, 'BroadcastChannel', { value: Denied })
    const { openTab } = await open(t)
    const tab = openTab(kind)
    await tab.login(ADA)
    t.ok(await tab.session())
    await tab.logout()
    t.equal(await tab.session(), null)
  })

  t.test(`a closed client stops waiting, gets no messages, and still works (${kind})`, async (t) => {
    const { openTab, intercept, count } = await open(t)
    const [tab, other] = [openTab(kind), openTab(kind)]
    await other.login(ADA)
    await waitUntil(async () => (await tab.session()) !== null, 'the tab sees the login')
    const changes: boolean[] = []
    tab.onChange((isLoggedIn) => changes.push(isLoggedIn))
    intercept(() => problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '9' }))
    const waiting = tab.fetch('/api/auth/sessions')
    await waitUntil(() => count('GET /api/auth/sessions') === 1, 'the request was sent')
    // The client reads the reply a moment later.
    await new Promise((resolve) => setImmediate(resolve))
    const begin = performance.now()
    tab.close()
    t.equal((await waiting).status, 503)
    t.ok(performance.now() - begin < 4000, 'the wait of nine seconds was cut short')
    intercept(() => null)

    await other.logout()
    await tab.login(ADA)
    t.ok(await tab.session())
    await tab.logout()
    t.equal(await tab.session(), null)
    t.same(changes, [], 'its listeners were removed')
    tab.close()
  })
}

t.test('after a reload, storage saves a refresh that would be refused', async (t) => {
  const { items } = createStorage(t)
  const { openTab, count } = await open(t)
  for (const { kind } of transports) {
    t.equal(await openTab(kind).session(), null)
    t.equal(items.size, 0, 'nothing is stored about visitors')
    const tab = openTab(kind)
    await tab.login(ADA)
    t.ok(await openTab(kind).session())
    await tab.logout()
    t.equal(await openTab(kind).session(), null)
    t.notMatch([...items].join(), /eyJ/, 'no token is stored')
    items.clear()
  }
  t.equal(count(REFRESH), noTokens ? 0 : 1)
})

t.test('a reloaded page does not become another user', { skip: noTokens }, async (t) => {
  const { items } = createStorage(t)
  const { openTab, app, jar, headers } = await open(t)
  const bob = await signUp(app, 'bob')
  await openTab('token').login(BOB)
  const planted = [...jar]
  await openTab('token').login(ADA)
  // A sibling subdomain can do this.
  for (const [name, cookie] of planted) jar.set(name, cookie)

  headers.length = 0
  const reloaded = openTab('token')
  const changes: boolean[] = []
  reloaded.onChange((isLoggedIn) => changes.push(isLoggedIn))
  t.equal(await reloaded.session(), null)
  t.same(changes, [false])
  t.notOk(usersOf(headers).includes(bob.id), 'no token of bob was sent')
  t.same([...items.values()], ['out'])
  await reloaded.login(BOB)
  t.match(await openTab('token').session(), { user: { username: 'bob' } }, 'logging in as another user works')

  // Older versions stored no user id.
  for (const name of items.keys()) items.set(name, 'in')
  t.match(await openTab('token').session(), { user: { username: 'bob' } })
})

t.test('a tab that was frozen does not restore an old session', { skip: noTokens }, async (t) => {
  shortenLockWait(t)
  const { openTab, app, url, send, count } = await open(t)
  await signUp(app, 'bob')
  const tab = openTab('token')
  await tab.login(ADA)
  const { promise: resumed, resolve: resume } = Promise.withResolvers<void>()
  // The browser has the replies and stores their cookies, but the script of the tab is frozen.
  const slow: typeof fetch = (request, init) => send(request, init).then((reply) => resumed.then(() => reply))
  const frozen = createClient({ baseUrl: url, transport: 'token', fetch: slow })
  const seen = frozen.session()
  await waitUntil(() => count(REFRESH) === 1, 'the frozen tab has the lock')
  await withTimeout(tab.logout(), 'logout')
  await withTimeout(tab.login(BOB), 'login')
  resume()
  t.match(await seen, { user: { username: 'bob' } })
  for (const one of [tab, frozen]) t.match(await one.session(), { user: { username: 'bob' } })
})

t.test('ignores late messages about another user or an ended session', { skip: noTokens }, async (t) => {
  const { openTab, app, url, headers } = await open(t)
  const ada = await signUp(app, 'bob').then(() => openTab('token').login(ADA))
  const received: unknown[] = []
  const channel = new BroadcastChannel(`starter token ${url}`)
  t.teardown(() => channel.close())
  channel.onmessage = ({ data }) => received.push(data)
  t.match(await openTab('token').session(), { user: ada })
  await waitUntil(() => received.length === 1, 'the refresh was published')

  const tab = openTab('token')
  await tab.login(BOB)
  headers.length = 0
  channel.postMessage(received[0])
  await messagesArrive()
  t.match(await tab.session(), { user: { username: 'bob' } })
  t.notOk(usersOf(headers).includes(ada.id))
  await tab.logout()
  channel.postMessage(received[0])
  await messagesArrive()
  t.equal(await tab.session(), null, 'a late message does not restore the session')
})

t.test('a client with a document does not keep Node running', async (t) => {
  const client = join(import.meta.dirname, '../../client/src/index.ts')
  const script = `globalThis.document = {}
    const { createClient } = await import(${JSON.stringify(client)})
    const client = createClient({ baseUrl: 'http://127.0.0.1:1' })
    client.onChange(() => {})
    process.stdout.write('made')`
  // Without NODE_OPTIONS, which loads the test runner into every process.
  const words = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '--eval', script]
  const child = spawn('env', words, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 10_000 })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  t.equal(output, 'made')
  t.equal(code, 0)
})
