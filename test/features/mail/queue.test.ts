import type { FastifyBaseLogger } from 'fastify'
import t, { type Test } from 'tap'
import { createMailQueue } from '../../../src/features/mail/queue.ts'
import { createTransport, type Transport } from '../../../src/features/mail/transport.ts'
import { freePort, waitUntil } from '../../wait.ts'
import { startSmtp } from './smtp.ts'

const mailTo = (name: string) => ({ to: `${name}@example.com`, subject: 'A subject', text: 'A text' })

function createQueue(t: Test, transport: Transport, pausesMs = [20, 20], drainMs = 5000) {
  const lines: Record<string, unknown>[] = []
  const write = (members: object | string, msg = `${members}`) =>
    void lines.push({ ...(typeof members === 'object' && members), msg })
  const log = { debug: write, info: write, warn: write, error: write } as unknown as FastifyBaseLogger
  const queue = createMailQueue(transport, log, { pausesMs, drainMs })
  t.teardown(() => queue.close())
  const isEmpty = () => queue.load().queued === 0
  return { queue, lines, empty: () => waitUntil(isEmpty, 'the queue is empty') }
}
const smtp = (port: number) => createTransport(`smtp://127.0.0.1:${port}`, 'no-reply@example.com')
/** Fails so often, then delivers. */
function createFlaky(failures: number, error: object = { code: 'ECONNECTION' }) {
  const tried: string[] = []
  const transport: Transport = {
    async deliver({ to }) {
      tried.push(to)
      if (tried.length <= failures) throw Object.assign(new Error('ada@example.com is in this text'), error)
    },
    verify: async () => {}
  }
  return { transport, tried }
}

t.test('mails are sent in the background', async (t) => {
  const { port, received } = await startSmtp(t)
  const { queue, empty } = createQueue(t, smtp(port))
  for (let i = 0; i < 10; i++) t.equal(queue.send(mailTo(`user${i}`)), undefined)
  t.equal(queue.load().queued, 10)
  await empty()
  t.equal(received.length, 10)
  t.match(queue.load(), { queued: 0, sent: 10, failed: 0, dropped: 0 })
  t.equal(queue.isUp(), true)
})

t.test('a mail is tried three times, and the log names no address', async (t) => {
  const { transport, tried } = createFlaky(2)
  const { queue, lines, empty } = createQueue(t, transport)
  queue.send(mailTo('ada'))
  await empty()
  t.equal(tried.length, 3)
  t.match(queue.load(), { sent: 1, failed: 0 })
  t.match(lines, [
    { event: 'dependency_down', dependency: 'mail', code: 'ECONNECTION' },
    { event: 'dependency_up', dependency: 'mail' }
  ])

  const other = createFlaky(100)
  const second = createQueue(t, other.transport)
  second.queue.send(mailTo('ada'))
  await second.empty()
  t.equal(other.tried.length, 3)
  t.match(second.queue.load(), { sent: 0, failed: 1 })
  t.equal(second.queue.isUp(), false)
  t.match(second.lines.at(-1), { msg: 'a mail could not be delivered', code: 'ECONNECTION' })
  t.notMatch(JSON.stringify([...lines, ...second.lines]), 'ada@example.com')
})

t.test(
  'a recipient that the server refuses for good is not tried again, and the server counts as available',
  async (t) => {
    let asked = 0
    const { port } = await startSmtp(t, {
      onRcptTo(_address, _session, done) {
        asked++
        done(Object.assign(new Error('no such user'), { responseCode: 550 }))
      }
    })
    const { queue, empty } = createQueue(t, smtp(port))
    queue.send(mailTo('ada'))
    await empty()
    t.equal(asked, 1)
    t.match(queue.load(), { sent: 0, failed: 1 })
    t.equal(queue.isUp(), true)
  }
)

t.test('a recipient that the server does not take yet is tried again', async (t) => {
  let asked = 0
  const { port, received } = await startSmtp(t, {
    onRcptTo(_address, _session, done) {
      asked++
      done(asked < 3 ? Object.assign(new Error('greylisted'), { responseCode: 451 }) : null)
    }
  })
  const { queue, empty } = createQueue(t, smtp(port))
  queue.send(mailTo('ada'))
  await empty()
  t.equal(received.length, 1)
  t.equal(queue.isUp(), true)
})

t.test('a server that drops the connection in the middle of a mail gets it again', async (t) => {
  let count = 0
  const { port, received, server } = await startSmtp(t, {
    onMailFrom(_address, _session, done) {
      count++
      if (count > 1) return done()
      // The first connection ends before the server answers.
      for (const connection of (server as unknown as { connections: Set<{ _socket: { destroy(): void } }> })
        .connections)
        connection._socket.destroy()
    }
  })
  const { queue, empty } = createQueue(t, smtp(port))
  queue.send(mailTo('ada'))
  await empty()
  t.equal(received.length, 1)
  t.ok(count > 1)
})

t.test('a server that is away is noticed, and mails arrive when it is back', async (t) => {
  const port = await freePort()
  const { queue, empty } = createQueue(t, smtp(port), [20, 500])
  queue.send(mailTo('ada'))
  await waitUntil(() => !queue.isUp(), 'the outage is noticed')
  const { received } = await startSmtp(t, {}, port)
  await empty()
  t.equal(received.length, 1)
  t.match(queue.load(), { sent: 1, failed: 0 })
  t.equal(queue.isUp(), true)
})

t.test('ASVS 15.2.2: the queue is bounded, and a mail that does not fit is dropped loudly', async (t) => {
  const held = Promise.withResolvers<void>()
  const { queue, lines, empty } = createQueue(t, { deliver: () => held.promise, verify: async () => {} })
  for (let i = 0; i < 1003; i++) queue.send(mailTo(`user${i}`))
  t.match(queue.load(), { queued: 1000, dropped: 3 })
  t.equal(lines.filter(({ msg }) => msg === 'the mail queue is full: a mail was dropped').length, 3)
  held.resolve()
  await empty()
  t.equal(queue.load().sent, 1000)
})

t.test('a stop sends what waits, also what was to be tried later', async (t) => {
  const { transport, tried } = createFlaky(1)
  const { queue } = createQueue(t, transport, [60_000, 60_000])
  queue.send(mailTo('ada'))
  await waitUntil(() => tried.length === 1 && !queue.isUp(), 'the first try failed')
  await queue.close()
  t.equal(tried.length, 2)
  t.match(queue.load(), { queued: 0, sent: 1 })
})

t.test('a stop does not wait forever, and says how many mails it lost', async (t) => {
  const aborted: string[] = []
  const hanging: Transport = {
    deliver: ({ to }, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(to)
          reject(new Error('aborted'))
        })
      }),
    verify: async () => {}
  }
  const { queue, lines } = createQueue(t, hanging, [20, 20], 50)
  for (let i = 0; i < 6; i++) queue.send(mailTo(`user${i}`))
  await queue.close()
  t.match(lines, [{ count: 6, msg: 'mails were lost: they could not be sent before the stop' }])
  t.equal(aborted.length, 4, 'those that were being sent')
})
