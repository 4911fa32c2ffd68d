import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { delays } from '../../client/src/delays.ts'
import type { createClient, NotificationState } from '../../client/src/index.ts'
import { PASSWORD, signUp, transports } from '../build.ts'
import { waitUntil } from '../wait.ts'
import { ADA, BOB, open, problem } from './browser.ts'

delays.backoffMs = 20
const STREAM = 'GET /api/realtime/stream'

const notify = (app: FastifyInstance, userId: string, data: unknown) =>
  app.transaction({ steps: app.notify(userId, { type: 'greeting', data }) })

/** What a page is told: the data of each new notification, and how many are unread. */
function listen(t: Test, client: ReturnType<typeof createClient>) {
  const states: NotificationState[] = []
  const stop = client.notifications.on((state) => states.push(state))
  t.teardown(() => client.close())
  return {
    states,
    stop,
    arrived: () => states.flatMap(({ notification }) => (notification ? [notification.data] : [])),
    unread: (count: number) => waitUntil(() => states.at(-1)?.unread === count, `${count} are unread`)
  }
}

for (const { kind } of transports) {
  t.test(`one tab receives the notifications for all (${kind})`, async (t) => {
    const { openTab, app, count } = await open(t)
    const tabs = [openTab(kind), openTab(kind)] as const
    const { id } = await tabs[0].login(ADA)
    await notify(app, id, 'before')
    const one = listen(t, tabs[0])
    await one.unread(1)
    const other = listen(t, tabs[1])
    await other.unread(1)
    await notify(app, id, 'hello')
    await notify(app, id, 'world')
    await Promise.all([one.unread(3), other.unread(3)])
    t.same([one.arrived(), other.arrived()], Array(2).fill(['hello', 'world']))
    t.equal(count(STREAM), 1)

    const { notifications, unread, seq } = await tabs[1].notifications.list({ limit: 2 })
    t.match(
      { notifications, unread, seq },
      { notifications: [{ data: 'world' }, { data: 'hello' }], unread: 3, seq: 3 }
    )
    await tabs[1].notifications.read(seq)
    await Promise.all([one.unread(0), other.unread(0)])

    tabs[0].close()
    await notify(app, id, 'again')
    await other.unread(1)
    t.equal(count(STREAM), 2, 'the other tab continues')
    other.stop()
    await notify(app, id, 'nobody listens')
    t.equal(other.arrived().at(-1), 'again')
  })

  t.test(`notifications follow the session, and end with it (${kind})`, async (t) => {
    const { openTab, app, count } = await open(t)
    await signUp(app, 'bob')
    const tabs = [openTab(kind), openTab(kind)] as const
    const [one, other] = [listen(t, tabs[0]), listen(t, tabs[1])]
    const loggedIn: boolean[] = []
    tabs[1].onChange((isLoggedIn) => loggedIn.push(isLoggedIn))
    const { id } = await tabs[1].login(ADA)
    await Promise.all([one.unread(0), other.unread(0)])
    await tabs[1].reauthenticate(PASSWORD)
    await notify(app, id, 'after the renewal')
    await Promise.all([one.unread(1), other.unread(1)])
    t.same(loggedIn, [true], 'a renewal logs nobody out')

    await app.revocations.revokeAll(app, id, 'all', new Date())
    await waitUntil(() => loggedIn.at(-1) === false, 'the page is told that the session ended elsewhere')
    const opened = count(STREAM)
    await notify(app, id, 'after the end')
    const bob = await tabs[0].login(BOB)
    await Promise.all([one.unread(0), other.unread(0)])
    await notify(app, bob.id, 'for bob')
    await Promise.all([one.unread(1), other.unread(1)])
    t.same(other.arrived(), ['after the renewal', 'for bob'])
    t.equal(count(STREAM), opened + 1)
    await tabs[0].logout()
    await waitUntil(() => loggedIn.at(-1) === false, 'the page is told of the logout')
  })
}

t.test('a stream that is cut or refused continues where it was', async (t) => {
  const { openTab, app, count, intercept } = await open(t)
  const tab = openTab('cookie')
  const { id } = await tab.login(ADA)
  await notify(app, id, 'first')
  const failures = [
    problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '0' }),
    new Response('id: 1\neve'),
    Response.error()
  ]
  intercept(({ url }) => (url.includes('/stream') ? (failures.pop() ?? null) : null))
  const { unread, arrived } = listen(t, tab)
  await unread(1)
  await notify(app, id, 'ü')
  await unread(2)
  t.same(arrived(), ['ü'])
  t.equal(count(STREAM), 4)
})

t.test('the client stops if the service says so', async (t) => {
  const { openTab, count, intercept } = await open(t)
  const { promise, resolve } = Promise.withResolvers<Response>()
  intercept(({ url }) => (url.includes('/stream') ? promise : null))
  const tabs = [openTab('cookie'), openTab('cookie')] as const
  await tabs[0].login(ADA)
  const [one, other] = [listen(t, tabs[0]), listen(t, tabs[1])]
  await Promise.all([one.unread(0), other.unread(0)])
  const bytes = new TextEncoder().encode(': ü\r\n\r\nevent: bye\r\ndata: {"code":\r\ndata: "TOO_MANY_STREAMS"}\r\n\r\n')
  resolve(
    new Response(
      new ReadableStream({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        }
      })
    )
  )
  await new Promise((done) => setTimeout(done, 20 * delays.backoffMs))
  t.equal(count(STREAM), 1)
  intercept(() => null)
  listen(t, openTab('cookie'))
  await waitUntil(() => count(STREAM) === 2, 'a new page tries again')
})

t.test('notifications reach each tab once, however often another tab takes the lead', async (t) => {
  const { openTab, app, count } = await open(t)
  const tabs = [openTab('cookie'), openTab('cookie'), openTab('cookie')]
  const { id } = await (tabs[0] as ReturnType<typeof openTab>).login(ADA)
  const { leaderMs } = delays
  // Each tab takes every silence for a frozen leader.
  delays.leaderMs = 10
  const pages = tabs.map((tab) => listen(t, tab))
  await Promise.all(pages.map(({ unread }) => unread(0)))
  for (let number = 1; number <= 40; number++) await notify(app, id, number)
  await Promise.all(pages.map(({ unread }) => unread(40)))
  delays.leaderMs = leaderMs
  t.ok(count(STREAM) > 1, `${count(STREAM)} streams`)
  for (const { arrived } of pages)
    t.same(
      arrived(),
      [...new Set(arrived())].sort((a, b) => Number(a) - Number(b))
    )
})
