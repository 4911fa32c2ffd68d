import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Reply = { status: number; body: string; bytes: number }
export type Load = {
  /** The bytes of the i-th request; null ends the run. */
  next: (i: number) => Buffer | null
  /** The longest that the run may take, in ms. */
  forMs?: number
  onReply?: (reply: Reply, i: number) => void
  /** Any other status fails the run. */
  statuses?: readonly number[]
}

/** The bytes of an HTTP/1.1 request. */
export function request(method: string, path: string, headers: Record<string, string> = {}, body?: object) {
  const json = body === undefined ? '' : JSON.stringify(body)
  const all = {
    host: 'api.example.com',
    accept: 'application/json',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    ...(body && { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(json)}` }),
    ...headers
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${json}`)
}

/** The reply at the start of these bytes, or null while it is incomplete. */
function readReply(bytes: Buffer): Reply | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const start = end + 4
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)) {
    const last = bytes.indexOf('0\r\n\r\n', start)
    return last < 0 ? null : { status, body: bytes.toString('utf8', start, last), bytes: last + 5 }
  }
  const size = start + Number(length ?? 0)
  return bytes.length < size ? null : { status, body: bytes.toString('utf8', start, size), bytes: size }
}

/**
 * Keep-alive connections over bare sockets, one request at a time on each. An HTTP library would use more CPU than the server
 * under test.
 */
export async function openClient(port: number, connections: number) {
  async function open() {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return socket
  }
  const sockets: Socket[] = []
  // In groups, because a listener's backlog is short.
  while (sockets.length < connections) {
    const group = Math.min(100, connections - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: group }, open))))
  }

  /** Sends requests until `next` returns null or time runs out. Returns each latency in ms, and the total in seconds. */
  async function run({ next, forMs = 600_000, onReply, statuses = [200] }: Load) {
    const times: number[] = []
    const begin = performance.now()
    let sent = 0

    function drive(socket: Socket) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let rest: Buffer | null = null
      let i = 0
      let start = 0
      function ask() {
        start = performance.now()
        const bytes = start - begin < forMs ? next(sent) : null
        if (bytes === null) return resolve()
        i = sent++
        socket.write(bytes)
      }
      function read(data: Buffer) {
        rest = rest ? Buffer.concat([rest, data]) : data
        const reply = readReply(rest)
        if (reply === null) return
        rest = null
        if (!statuses.includes(reply.status)) return reject(new Error(`answered ${reply.status}: ${reply.body}`))
        times.push(performance.now() - start)
        onReply?.(reply, i)
        ask()
      }
      const lost = () => reject(new Error('the connection was lost'))
      if (socket.destroyed) lost()
      socket.on('data', read).on('error', lost).on('close', lost)
      ask()
      return promise.finally(() => socket.off('data', read).off('error', lost).off('close', lost))
    }

    await Promise.all(sockets.map(drive))
    return { requests: times.length, times, seconds: (performance.now() - begin) / 1000 }
  }

  return { run, close: () => sockets.forEach((socket) => void socket.destroy()) }
}
