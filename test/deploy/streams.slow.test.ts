import { get } from 'node:https'
import t from 'tap'
import { build, logIn } from '../build.ts'
import { addressOf, notify } from '../features/realtime/client.ts'
import { call } from '../plugins/identity/auth/calls.ts'
import { waitUntil } from '../servers.ts'
import { HOST, type Nginx, noNginx, startNginx } from './nginx.ts'

/** Opens a stream through nginx; returns what has come so far, and a function that ends it. */
function open({ port, ca }: Nginx, headers: Record<string, string>, query = '') {
  let text = ''
  const options = { host: '127.0.0.1', port, ca, servername: HOST, headers: { host: HOST, ...headers }, agent: false }
  const request = get({ ...options, path: `/api/realtime/stream${query}` }, (reply) => {
    text += `${reply.statusCode} ${reply.headers['content-type']}\n`
    reply.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    reply.on('error', () => {})
  })
  request.on('error', () => {})
  return { text: () => text, close: () => request.destroy() }
}

t.test('nginx passes the events of a stream on at once, and logs no ticket', { skip: noNginx }, async (t) => {
  const app = await build(t, { STREAM_HEARTBEAT: '1s', TRUST_PROXY: '127.0.0.1' })
  const ada = await logIn(app, 'ada')
  const { port } = new URL(await addressOf(app))
  const proxy = await startNginx(t, [Number(port)])
  const { ticket } = (await call(app, ada, 'POST /api/realtime/tickets')).json()
  const streams = [open(proxy, ada.headers), open(proxy, {}, `?ticket=${ticket}`)]
  t.teardown(() => {
    for (const stream of streams) stream.close()
  })
  for (const stream of streams) await waitUntil(() => stream.text().includes('event: ready'), 'the stream is open')
  for (const stream of streams) t.match(stream.text(), /^200 text\/event-stream\n/)
  await notify(app, ada.user.id, 'one')
  for (const stream of streams) await waitUntil(() => stream.text().includes('"type":"one"'), 'the message')
  for (const stream of streams) await waitUntil(() => stream.text().includes('\n:\n'), 'a comment')
  const spent = open(proxy, {}, `?ticket=${ticket}`)
  await waitUntil(() => spent.text().startsWith('401'), 'the ticket is spent')
  await app.close()
  for (const stream of streams) await waitUntil(() => stream.text().includes('STOPPING'), 'the end')
  const refused = open(proxy, {}, `?ticket=${ticket}`)
  await waitUntil(() => refused.text().startsWith('503'), 'no replica is left')
  t.notMatch(proxy.output(), ticket)
  t.notMatch(JSON.stringify(proxy.log()), ticket)
})
