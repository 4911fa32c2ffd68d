import t from 'tap'
import { createClient } from '../../client/src/index.ts'
import { waitUntil } from '../wait.ts'
import { ADA, open } from './browser.ts'

function setLocks(value: unknown) {
  Object.defineProperty(navigator, 'locks', { configurable: true, value })
}
const places: [name: string, enter: () => void][] = [
  ['in a browser without locks', () => setLocks(undefined)],
  [
    'in a browser that denies locks',
    () => setLocks({ request: () => Promise.reject(new DOMException('', 'SecurityError')) })
  ],
  ['in Node', () => Reflect.deleteProperty(globalThis, 'document')]
]
for (const [name, enter] of places) {
  t.test(`each client has a stream of its own ${name}`, async (t) => {
    t.teardown(() => Reflect.deleteProperty(navigator, 'locks'))
    const { app, url, send, count } = await open(t)
    Object.assign(globalThis, { document: {} })
    enter()
    const openClient = () => {
      const client = createClient({ baseUrl: url, fetch: send as typeof fetch })
      t.teardown(() => client.close())
      return client
    }
    const clients = [openClient(), openClient()] as const
    await clients[0].login(ADA)
    const { id } = await clients[1].login(ADA)
    const received = clients.map((client) => {
      const data: unknown[] = []
      client.notifications.on(({ notification }) => notification && data.push(notification.data))
      return data
    })
    await waitUntil(() => count('GET /api/realtime/stream') === 2, 'both have a stream')
    await app.transaction({ steps: app.notify(id, { type: 'greeting', data: 'hello' }) })
    await waitUntil(() => received.every((data) => data.length > 0), 'both receive it')
    t.same(received, [['hello'], ['hello']])
  })
}
