import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from '../client.ts'
import { MARK } from './subjects/message.ts'

/** What a client sends, and the text in the answer that it waits for. */
export type Step = [bytes: Buffer, answer: string]

/** How many connections open at once: the backlog of a listener is short. */
const GROUP = 100
/** No answer and no message takes longer, in ms. */
export const LIMIT_MS = 30_000
const MARK_BYTE = MARK.charCodeAt(0)

export function streamRequest(path: string, headers: Record<string, string> = {}) {
  return request('GET', path, { accept: 'text/event-stream', ...headers })
}
export function socketRequest(path: string, headers: Record<string, string> = {}) {
  const key = Buffer.alloc(16, 1).toString('base64')
  const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  return request('GET', path, { ...handshake, 'sec-websocket-key': key, ...headers })
}
/** A short frame of a WebSocket as clients send it, with a mask of zeros (RFC 6455, 5.2). */
export function frame(text: string, opcode = 1) {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}
export const PONG = frame('', 10)

/** Opens a connection: sends the bytes of each step, and waits for its answer. Throws if it gets another one. */
export async function openSocket(port: number, steps: readonly Step[]): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const late = setTimeout(() => socket.destroy(new Error('no answer')), LIMIT_MS)
  const { promise, reject } = Promise.withResolvers<never>()
  const lost = () => reject(new Error('the connection was closed'))
  // An error after the last step belongs to nobody: whoever counts messages misses some.
  promise.catch(() => {})
  socket.on('error', reject).on('close', lost)
  try {
    for (const [bytes, answer] of steps) {
      socket.write(bytes)
      let text = ''
      while (!text.includes(answer)) {
        const [data] = await Promise.race([once(socket, 'data'), promise])
        text += data.toString('latin1')
        if (/^HTTP\/1.1 [345]/.test(text)) throw new Error(text.slice(0, 12))
      }
    }
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(late)
    socket.off('close', lost)
  }
}

/** Opens `count` connections. `stepsOf` returns what each of them sends. */
export async function openSockets(port: number, count: number, stepsOf: (i: number) => readonly Step[]) {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const group = Array.from({ length: Math.min(GROUP, count - sockets.length) }, (_, i) => sockets.length + i)
    sockets.push(...(await Promise.all(group.map((i) => openSocket(port, stepsOf(i))))))
  }
  return sockets
}

/** Connections over bare sockets that count the messages they get. A library would use more CPU than the server under test. */
export async function openCrowd(port: number, count: number, stepsOf: (i: number) => readonly Step[]) {
  const sockets = await openSockets(port, count, stepsOf)
  let received = 0
  let check = () => {}
  function read(data: Buffer) {
    for (let at = data.indexOf(MARK_BYTE); at >= 0; at = data.indexOf(MARK_BYTE, at + 1)) received++
    check()
  }
  for (const socket of sockets) socket.on('data', read)

  return {
    received: () => received,
    /** Waits until all of them together have received this many messages. */
    async until(total: number) {
      const { promise, resolve } = Promise.withResolvers<'all'>()
      check = () => received >= total && resolve('all')
      check()
      const stop = new AbortController()
      const outcome = await Promise.race([promise, sleep(LIMIT_MS, 'late', { signal: stop.signal })])
      stop.abort()
      if (outcome === 'late') throw new Error(`${received} of ${total} messages arrived`)
    },
    write: (bytes: Buffer) => sockets.forEach((socket) => void socket.write(bytes)),
    close: () => sockets.forEach((socket) => void socket.destroy())
  }
}
