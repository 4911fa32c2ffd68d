import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { WebSocket, WebSocketServer } from 'ws'

const PATH = '/api/realtime/socket'
const KEY = /^[+/\da-z]{22}==$/i

export type Upgrades = ReturnType<typeof takeUpgrades>
type Upgrade = { tcp: Duplex; head: Buffer }
/** Node's own note of the reply that the connection belongs to. */
type WithReply = { _httpMessage?: ServerResponse | null }

/** A shared function: a closure would stay with the socket and keep its request and response in memory. */
function destroy(this: Duplex) {
  this.destroy()
}

/** Leads requests for a WebSocket through the router, as any other request: hooks, guards, limits, and the log apply to them. */
export function takeUpgrades(app: Pick<FastifyInstance, 'server' | 'routing' | 'unbatched'>) {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()

  // Node would hand over every request that offers some other protocol, such as `Upgrade: h2c` of Java's client, without its body.
  // And while an earlier reply on the connection is unfinished, it cannot be anything else: this one is then refused after it.
  const shouldUpgradeCallback = ({ method, url, socket }: IncomingMessage & { socket: WithReply }) =>
    method === 'GET' && url?.split('?', 1)[0] === PATH && !socket._httpMessage
  Object.assign(app.server, { shouldUpgradeCallback })
  app.server.on('upgrade', (request, tcp, head) => {
    tcp.on('error', destroy)
    const response = new ServerResponse(request)
    // Without it, nobody would read the next request of this connection.
    response.shouldKeepAlive = false
    response.on('finish', () => response.statusCode !== 101 && tcp.end())
    response.assignSocket(tcp as Parameters<ServerResponse['assignSocket']>[0])
    upgrades.set(request, { tcp, head })
    app.routing(request, response)
  })

  return {
    /** Whether it is a handshake that ws accepts (RFC 6455, 4.2.1). */
    isHandshake(request: IncomingMessage) {
      const { upgrade, 'sec-websocket-version': version, 'sec-websocket-key': key = '' } = request.headers
      return upgrades.has(request) && upgrade?.toLowerCase() === 'websocket' && version === '13' && KEY.test(key)
    },
    /** Answers 101, with the headers of every reply. `onOpen` is called before this returns, unless the client has left. */
    accept(request: IncomingMessage, reply: FastifyReply, server: WebSocketServer, onOpen: OnOpen) {
      const { tcp, head } = upgrades.get(request) as Upgrade
      reply.hijack()
      const addHeaders = (lines: string[]) => {
        for (const [name, value] of Object.entries(reply.getHeaders())) lines.push(`${name}: ${value}`)
      }
      server.on('headers', addHeaders)
      server.handleUpgrade(request, tcp, head, (ws) => {
        // The response is complete, although ws has written it: the log and the metrics get their line.
        reply.raw.detachSocket(tcp as Parameters<ServerResponse['detachSocket']>[0])
        reply.raw.statusCode = 101
        reply.raw.emit('finish')
        app.unbatched.add(tcp)
        onOpen(ws, tcp)
      })
      server.off('headers', addHeaders)
    }
  }
}
type OnOpen = (ws: WebSocket, tcp: Duplex) => void
