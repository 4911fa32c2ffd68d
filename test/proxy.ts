import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'

export type Proxy = Awaited<ReturnType<typeof startProxy>>
type Link = { isForgotten: boolean; client: Socket; upstream: Socket }

/** A socket that is already ending cannot be reset: Node would never close it. */
const reset = (socket: Socket) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy())

/** Starts a TCP proxy in front of a server, to disturb the connections to it. */
export async function startProxy(t: Test, target: number) {
  const links = new Set<Link>()
  let isShut = false
  let delayMs = 0

  /** Closes the other end the way the first one was closed. */
  function close(link: Link, isReset: boolean) {
    // A forgotten connection tells the other end nothing.
    if (!link.isForgotten)
      for (const socket of [link.client, link.upstream]) isReset ? reset(socket) : socket.destroySoon()
    if (link.client.destroyed && link.upstream.destroyed) links.delete(link)
  }

  let count = 0
  const server = createServer((client) => {
    count++
    // Reads as well: a socket that nobody reads never ends.
    if (isShut)
      return void client
        .on('error', () => {})
        .resume()
        .end()
    const link: Link = { isForgotten: false, client, upstream: connect(target, '127.0.0.1') }
    links.add(link)
    const deliver = (to: Socket, chunk: Buffer) => void (link.isForgotten || to.destroyed || to.write(chunk))
    client.on('data', (chunk: Buffer) => deliver(link.upstream, chunk))
    // Keeps the order, even if the delay has just become shorter.
    let delivered: Promise<unknown> = Promise.resolve()
    link.upstream.on('data', (chunk: Buffer) => {
      delivered = Promise.all([delivered, delayMs > 0 && sleep(delayMs, null, { ref: false })]).then(() =>
        deliver(client, chunk)
      )
    })
    for (const socket of [client, link.upstream]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', (hadError) => close(link, hadError))
    }
  })

  function cut() {
    for (const { client, upstream } of links) for (const socket of [client, upstream]) reset(socket)
  }
  let port = 0
  async function listen() {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as { port: number }).port
  }
  await listen()
  t.teardown(() => {
    server.close()
    cut()
  })

  return {
    port,
    /** The number of connections so far. */
    count: () => count,
    /** Passes everything on without delay. */
    async open() {
      isShut = false
      delayMs = 0
      if (!server.listening) await listen()
    },
    /** Stops listening and resets all connections. */
    refuse() {
      server.close()
      cut()
    },
    /** Delays each reply. */
    slow(ms: number) {
      delayMs = ms
    },
    /** Silently drops everything on the open connections; new ones work. */
    forget() {
      for (const link of links) link.isForgotten = true
    },
    /** Closes all connections, and new ones as soon as they are accepted, as a balancer without backends does. */
    shut() {
      isShut = true
      cut()
    }
  }
}
