import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket, WebSocketServer } from 'ws'
import { type Incoming, readFrame } from './incoming.ts'
import type { Operations } from './operations.ts'
import { Socket } from './socket.ts'
import type { Owner, Realtime } from './types.ts'
import type { Upgrades } from './upgrades.ts'

const MAX_MESSAGE = 16_384
/** How long a client may take to answer the end of its socket, in ms. */
const CLOSE_MS = 10_000
/** How many frames of a client may wait for the ones before them. */
const MAX_WAITING = 100

type Parts = { connections: Realtime['connections']; upgrades: Upgrades; operations: Operations }
export type Sockets = ReturnType<typeof createSockets>

/** Opens sockets, and reads what their clients send. */
export function createSockets({ connections, upgrades, operations }: Parts) {
  const open = new Set<WebSocket>()
  let server: WebSocketServer | null = null

  /** Loaded when somebody opens the first socket. */
  async function load() {
    const { WebSocketServer } = await import('ws')
    // Pings are answered below, where they count.
    const options = { autoPong: false, clientTracking: false, perMessageDeflate: false, closeTimeout: CLOSE_MS }
    server ??= new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, ...options })
    return server
  }

  /** One after the other, so that a client's messages keep their order. */
  function createQueue(socket: Socket) {
    let last = Promise.resolve()
    let waiting = 0
    async function handleNext(before: Promise<void>, incoming: Incoming) {
      await before
      waiting -= 1
      await operations.handle(socket, incoming)
    }
    return function enqueue(incoming: Incoming) {
      waiting += 1
      if (waiting > MAX_WAITING) socket.end('flood')
      last = handleNext(last, incoming)
    }
  }

  function begin(socket: Socket, ws: WebSocket, tcp: Duplex, endsAt: number) {
    const enqueue = createQueue(socket)
    open.add(ws)
    socket.begin(ws, tcp, endsAt, () => operations.resume(socket))
    /** Whether what the client sent counts. */
    function hears() {
      if (socket.endedBy === null && socket.pace.isFlood()) socket.end('flood')
      socket.hear()
      return socket.endedBy === null
    }
    ws.on('message', (data: Buffer, isBinary) => {
      if (hears()) enqueue(isBinary ? { id: null, frame: null } : readFrame(data))
    })
    ws.on('ping', (data) => {
      if (hears() && socket.isReady) ws.pong(data)
    })
    ws.on('pong', () => socket.hear())
    // A frame that breaks the protocol: ws closes the socket, with a code that says why.
    ws.on('error', () => {})
    ws.on('close', () => {
      open.delete(ws)
      connections.remove(socket)
      operations.leaveAll(socket)
    })
  }

  return {
    count: () => open.size,
    /** Opens a socket, or throws SERVICE_UNAVAILABLE or UNAUTHENTICATED as an answer to its request. */
    async open(owner: Owner, request: FastifyRequest, reply: FastifyReply) {
      const ready = await load()
      const socket = new Socket(owner)
      const { endsAt } = await connections.admit(socket)
      let hasOpened = false
      upgrades.accept(request.raw, reply, ready, (ws, tcp) => {
        hasOpened = true
        begin(socket, ws, tcp, endsAt)
      })
      if (!hasOpened) connections.remove(socket)
    },
    /** Cuts the sockets whose clients do not answer. */
    cut() {
      for (const ws of open) ws.terminate()
    }
  }
}
