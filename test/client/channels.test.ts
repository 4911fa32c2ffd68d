import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { delays } from '../../client/src/delays.ts'
import { ChannelError, type ChannelMessage, type createClient } from '../../client/src/index.ts'
import { logIn, PASSWORD, transports } from '../build.ts'
import { connect } from '../features/channels/client.ts'
import { waitUntil } from '../wait.ts'
import { ADA, open, problem } from './browser.ts'

delays.backoffMs = 20
const TICKET = 'POST /api/realtime/tickets'

/** Joins a channel as a page does, and collects what it is told. */
function join(t: Test, client: ReturnType<typeof createClient>, name: string, after?: number) {
  const messages: ChannelMessage[] = []
  const states: string[] = []
  let resets = 0
  const listener = {
    onMessage: (message: ChannelMessage) => void messages.push(message),
    onReset: () => {
      resets += 1
    },
    onState: (state: string, code = '') => void states.push(`${state} ${code}`.trim())
  }
  const { send, leave } = client.channels.join(name, listener, after)
  t.teardown(() => client.close())
  return {
    messages,
    states,
    send,
    leave,
    resets: () => resets,
    data: () => messages.map(({ data }) => (data as { text: string }).text),
    state: (state: string) => waitUntil(() => states.at(-1) === state, state),
    /** It may be back before anyone looks. */
    wasCut: () => waitUntil(() => states.lastIndexOf('connecting') > 0, 'connecting again'),
    arrived: (count: number) => waitUntil(() => messages.length >= count, `${count} messages`)
  }
}
const codeOf = (sent: Promise<void>) =>
  sent.then(
    () => 'sent',
    (error: unknown) => (error instanceof ChannelError ? error.code : `${error}`)
  )

/** Cuts every connection, as a network does. */
function cutConnections(t: Test, app: FastifyInstance) {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => sockets.add(socket))
  t.teardown(() => sockets.clear())
  return () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
}

for (const { kind } of transports)
  t.test(`two users write in a room, and miss nothing if a connection is cut (${kind})`, async (t) => {
    const { openTab, app, url, count } = await open(t)
    const cut = cutConnections(t, app)
    const bob = await logIn(app, 'bob')
    const ada = openTab(kind)
    await ada.login(ADA)
    const here = join(t, ada, 'room.lobby')
    await here.state('joined')
    const there = await connect(url, bob.headers, '', url)
    t.equal(await there.ask('sub', 'room.lobby'), 'ok')
    const say = (text: string) => there.ask('pub', 'room.lobby', { type: 'text', data: { text } })
    await here.send('text', { text: 'one' })
    t.equal(await say('two'), 'ok')
    await here.arrived(2)
    await there.wait('room.lobby', 2)
    t.equal(await codeOf(here.send('text', {})), 'VALIDATION_FAILED')
    t.throws(() => ada.channels.join('room.lobby', { onMessage() {} }), /already/)

    cut()
    await here.wasCut()
    await app.transaction({ steps: app.publish('room.lobby', { type: 'text', data: { text: 'three' } }) })
    await here.arrived(3)
    await ada.reauthenticate(PASSWORD)
    const back = await connect(url, bob.headers, '', url)
    const sayAgain = (text: string) => back.ask('pub', 'room.lobby', { type: 'text', data: { text } })
    t.equal(await sayAgain('four'), 'ok')
    await here.arrived(4)
    t.strictSame(
      here.messages.map(({ seq }) => seq),
      [1, 2, 3, 4],
      'each message once, in order'
    )

    here.leave()
    t.equal(await sayAgain('five'), 'ok')
    t.equal(await codeOf(here.send('text', { text: 'six' })), 'DISCONNECTED')
    const again = join(t, ada, 'room.lobby', 4)
    await again.arrived(1)
    t.strictSame([here.data().at(-1), again.data()], ['four', ['five']])
    const before = count(TICKET)
    await ada.logout()
    await again.state('connecting')
    t.equal(count(TICKET), before, 'it does not try again until somebody logs in')
    await ada.login(ADA)
    await again.state('joined')
    t.equal(here.resets() + again.resets(), 0)
  })

t.test('a page is told that a channel is refused, now or later', async (t) => {
  const { openTab, app, intercept } = await open(t)
  let isMember = true
  app.defineChannel('club.:id', { durable: true, join: () => isMember })
  const tab = openTab('cookie')
  await tab.login(ADA)
  const unknown = join(t, tab, 'nothing')
  await unknown.state('refused CHANNEL_NOT_FOUND')
  const failures = [problem(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '0' }), Response.error()]
  intercept(({ url }) => (url.includes('/tickets') ? (failures.pop() ?? null) : null))
  const club = join(t, tab, 'club.chess')
  await club.state('joined')
  t.equal(await codeOf(club.send('text', {})), 'CHANNEL_NOT_FOUND', 'nobody may write')
  isMember = false
  await app.transaction({ steps: app.changeMembers('club.chess') })
  await club.state('refused CHANNEL_NOT_FOUND')
  intercept(({ url }) => (url.includes('/tickets') ? problem(403, 'CROSS_ORIGIN_REQUEST') : null))
  await waitUntil(() => app.realtime.connections.count() === 0, 'nobody needs the socket')
  await join(t, tab, 'room.lobby').state('refused CROSS_ORIGIN_REQUEST')
})

t.test('messages that are gone are reported, and the tab with too many sockets stops', async (t) => {
  const { openTab, app, count } = await open(t, { STREAMS_PER_USER: '1' })
  const publish = (text: string) =>
    app.transaction({ steps: app.publish('room.lobby', { type: 'text', data: { text } }) })
  for (const text of ['one', 'two']) await publish(text)
  await app.db.delete(app.tables.messages)
  await app.db.update(app.tables.channels).set({ firstSeq: 3 })
  const tabs = [openTab('cookie'), openTab('cookie')] as const
  await tabs[0].login(ADA)
  const first = join(t, tabs[0], 'room.lobby', 1)
  await first.state('joined')
  await waitUntil(() => first.resets() === 1, 'it is told')
  const second = join(t, tabs[1], 'room.lobby')
  await first.state('refused TOO_MANY_STREAMS')
  await second.state('joined')
  await publish('three')
  await second.arrived(1)
  t.same([first.data(), second.data(), second.resets()], [[], ['three'], 0])
  t.equal(count(TICKET), 2)
})

t.test('a service that does not answer is lost, and comes back', async (t) => {
  const { openTab, app, count } = await open(t)
  delays.answerMs = 200
  t.teardown(() => {
    delays.answerMs = 10_000
  })
  let isStuck = true
  app.defineChannel('stuck', {
    durable: true,
    join: () => (isStuck ? new Promise<boolean>(() => {}) : true)
  })
  const tab = openTab('cookie')
  await tab.login(ADA)
  const channel = join(t, tab, 'stuck')
  await waitUntil(() => count(TICKET) > 1, 'it connects again')
  isStuck = false
  await channel.state('joined')
})
