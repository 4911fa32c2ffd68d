import { PassThrough } from 'node:stream'
import t from 'tap'
import type { WebSocket } from 'ws'
import { Socket } from '../../../src/features/channels/socket.ts'

/** A socket whose client reads or not, and what was done with it. */
function open() {
  const done: string[] = []
  const ws = {
    send: () => void done.push('send'),
    ping: () => void done.push('ping'),
    close: (code: number, reason: string) => void done.push(`${code} ${reason}`)
  }
  const tcp = new PassThrough()
  let needsDrain = false
  Object.defineProperty(tcp, 'writableNeedDrain', { get: () => needsDrain })
  const socket = new Socket({ userId: 'ada', sid: 'sid' })
  let resumed = 0
  socket.begin(ws as unknown as WebSocket, tcp, Number.POSITIVE_INFINITY, () => {
    resumed += 1
  })
  const fill = () => {
    needsDrain = true
    socket.send('x')
  }
  const drain = () => {
    needsDrain = false
    tcp.emit('drain')
  }
  return { socket, done, fill, drain, resumed: () => resumed }
}
const HEARTBEAT_MS = 20_000

t.test('a client that does not read for 30 seconds is closed as too slow, and gets nothing more', async (t) => {
  const { socket, done, fill, drain, resumed } = open()
  t.equal(socket.isReady, true)
  fill()
  t.equal(socket.isReady, false)
  drain()
  t.strictSame([socket.isReady, resumed()], [true, 1])
  fill()
  const now = performance.now()
  socket.keepAlive(now + 15_000, HEARTBEAT_MS)
  t.equal(socket.endedBy, null)
  socket.keepAlive(now + 31_000, HEARTBEAT_MS)
  t.equal(socket.endedBy, 'slow')
  socket.send('x')
  t.strictSame(done, ['send', 'send', '4408 SLOW'])
})

t.test('a silent client gets a ping, and is closed if it does not answer', async (t) => {
  const { socket, done } = open()
  const now = performance.now()
  socket.keepAlive(now + 21_000, HEARTBEAT_MS)
  socket.hear()
  socket.keepAlive(now + 42_000, HEARTBEAT_MS)
  socket.keepAlive(now + 63_000, HEARTBEAT_MS)
  t.strictSame(done, ['ping', 'ping'])
  socket.keepAlive(now + 73_000, HEARTBEAT_MS)
  t.strictSame(done, ['ping', 'ping', '4408 SLOW'])
})
