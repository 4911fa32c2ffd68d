import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'

export type Proxy = Awaited<ReturnType<typeof startProxy>>
type Link = { isForgotten: boolean; client: Socket; upstream: Socket }

/** One that is ending cannot be reset any more: Node would never close it. */
const reset = (socket: Socket) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy())

/** A TCP proxy in front of a server, for what happens on the way to it. */
export async function startProxy(t: Test, target: number) {
  const links = new Set<Link>()
  let isShut = false
  let delayMs = 0

  /** As one end closed it, the other is closed. */
  function close(link: Link, isReset: boolean) {
    // The other end of a forgotten connection never hears of it.
    if (!link.isForgotten)
      for (const socket of [link.client, link.upstream]) isReset ? reset(socket) : socket.destroySoon()
    if (link.client.destroyed && link.upstream.destroyed) links.delete(link)
  }

  let count = 0
  const server = createServer((client) => {
    count++
    // Read, too: what nobody reads never ends.
    if (isShut)
      return void client
        .on('error', () => {})
        .resume()
        .end()
    const link: Link = { isForgotten: false, client, upstream: connect(target, '127.0.0.1') }
    links.add(link)
    const deliver = (to: Socket, chunk: Buffer) => void (link.isForgotten || to.destroyed || to.write(chunk))
    client.on('data', (chunk: Buffer) => deliver(link.upstream, chunk))
    // In the order in which they came, also where the delay has just become shorter.
    let delivered: Promise<unknown> = Promise.resolve()
    link.upstream.on('data', (chunk: Buffer) => {
      delivered = Promise.all([delivered, delayMs > 0 && sleep(delayMs)]).then(() => deliver(client, chunk))
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
    /** How many connections were made. */
    count: () => count,
    /** As if the proxy were not there. */
    async open() {
      isShut = false
      delayMs = 0
      if (!server.listening) await listen()
    },
    /** Nobody listens any more. */
    refuse() {
      server.close()
      cut()
    },
    /** Each answer comes later by so much. */
    slow(ms: number) {
      delayMs = ms
    },
    /** The connections that are open lead nowhere from now on, without a word; new ones are as ever. */
    forget() {
      for (const link of links) link.isForgotten = true
    },
    /** Ends what is open, and whatever comes as soon as it is accepted: a balancer with nothing behind it. */
    shut() {
      isShut = true
      cut()
    }
  }
}
