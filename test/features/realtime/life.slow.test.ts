import type { ServerResponse } from 'node:http'
import t from 'tap'
import { createConnections } from '../../../src/features/realtime/connections.ts'
import { createFanOut } from '../../../src/features/realtime/fan-out.ts'
import { createStreams } from '../../../src/features/realtime/streams.ts'
import { build, logIn, PASSWORD } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { addressOf, openStream } from './client.ts'

t.test('every way to end a session ends its streams, and no other', async (t) => {
  const app = await build(t)
  const url = await addressOf(app)
  const ada = await logIn(app, 'ada')
  const other = await openStream(url, (await logIn(app, 'ben')).headers)
  const { kind } = await app.sessions.find(ada.sid).then((session) => session ?? { kind: '' })
  t.ok(kind)
  const ways: [name: string, end: (sid: string, headers: Record<string, string>) => Promise<unknown>][] = [
    ['a logout', (_sid, headers) => app.inject({ method: 'POST', url: '/api/auth/logout', headers })],
    ['the list of sessions', (sid) => call(app, ada, `DELETE /api/auth/sessions/${sid}`)],
    ['all others', () => call(app, ada, 'DELETE /api/auth/sessions?keepCurrent=true')],
    [
      'reauthentication',
      (_sid, headers) => call(app, { headers }, 'POST /api/auth/reauthenticate', { password: PASSWORD })
    ],
    ['the shell', (sid) => app.revocations.revoke({ log: app.log }, sid, 'revoked', new Date())]
  ]
  for (const [name, end] of ways) {
    const [transport] = (await import('../../build.ts')).transports
    const session = await transport?.logIn(app, 'ada')
    if (!session) return
    const streams = [await openStream(url, session.headers), await openStream(url, session.headers)]
    await end(session.sid, session.headers)
    for (const stream of streams) t.equal(await stream.ended(), 'SESSION_ENDED', name)
  }
  t.equal(other.isClosed(), false)
})

t.test('a silent stream sends comments, and ends at its age', async (t) => {
  const app = await build(t, { STREAM_HEARTBEAT: '1s', STREAM_MAX_AGE: '4s' })
  const ada = await logIn(app, 'ada')
  const stream = await openStream(await addressOf(app), ada.headers)
  t.equal(await stream.ended(), 'MAX_AGE')
  t.ok(stream.comments() > 0)
})

t.test('a stream ends when its session may have expired', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  await app.db.update(app.tables.sessions).set({ expiresAt: new Date(Date.now() + 1000) })
  const stream = await openStream(await addressOf(app), ada.headers)
  t.equal(stream.status, 200)
  t.equal(await stream.ended(), 'MAX_AGE')
})

t.test('a service that stops opens no streams, and ends the open ones within SHUTDOWN_DELAY', async (t) => {
  const app = await build(t, { SHUTDOWN_DELAY: '2s' })
  const url = await addressOf(app)
  const ada = await logIn(app, 'ada')
  const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(url, ada.headers)))
  app.lifecycle.isStopping = true
  for (const stream of streams) t.equal(await stream.ended(), 'STOPPING')
  const refused = await openStream(url, ada.headers)
  t.match(refused, { status: 503, headers: { 'retry-after': /\d/ } })
  const retries = streams.map((stream) => stream.retries.at(-1))
  t.ok(new Set(retries).size > 5, `clients come back at different times: ${retries}`)
  t.ok(retries.every((ms = -1) => ms >= 0 && ms <= 10_000))
})

t.test('a share of the streams ends at a time', async (t) => {
  const { log } = await build(t)
  const fanOut = createFanOut({ read: async () => ({ messages: [], live: new Set() }) }, log)
  const findStart = async () => ({ firstSeq: 1, lastSeq: 0, expiresAt: new Date(Date.now() + 3_600_000) })
  const limits = { STREAMS_MAX: 10, STREAMS_PER_USER: 10, STREAM_HEARTBEAT: 20, STREAM_MAX_AGE: 3600 }
  const connections = createConnections(limits, { findStart })
  const streams = createStreams(connections, fanOut)
  const ends: string[] = []
  const response = { on() {}, write: () => true, end: (text: string) => void ends.push(text) }
  for (let i = 0; i < 10; i++)
    await streams.open({ userId: 'ada', sid: 'sid' }, null, response as unknown as ServerResponse, () => {})
  for (const [share, left] of [
    [0.3, 7],
    [0.5, 3],
    [1, 0]
  ] as const) {
    connections.stop(share)
    t.equal(connections.count(), left)
  }
  t.ok(ends.every((text) => /^retry: \d+\n\nevent: bye\ndata: \{"code":"STOPPING"\}\n\n$/.test(text)))
})

t.test('closing the service ends all streams at once', async (t) => {
  const app = await build(t)
  const url = await addressOf(app)
  const ada = await logIn(app, 'ada')
  const stream = await openStream(url, ada.headers)
  await stream.wait('ready')
  // Without the end of the stream, this would wait for it.
  await app.close()
  t.equal(await stream.ended(), 'STOPPING')
})
