import type { Socket } from 'node:net'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Writes the replies of one turn of the event loop together, at its end. A busy service then wakes its clients once per turn; to
 * wake them for each reply would cost more than the reply itself (decision 0092).
 */
async function writeBatching(app: FastifyInstance) {
  let isClosing = false
  const pipelining = new WeakSet<Socket>()
  app.server.on('connection', (socket: Socket) => {
    // A Writable hands its chunks to these two methods, and waits for the callback before it hands over more.
    const { _write: write, _writev: writev } = socket
    const atEndOfTurn = (run: () => void) => (isClosing || pipelining.has(socket) ? run() : setImmediate(run))
    socket._write = (...chunk) => atEndOfTurn(() => write.apply(socket, chunk))
    socket._writev = (...chunks) => atEndOfTurn(() => writev?.apply(socket, chunks))
  })
  // A reply that has no connection yet waits for the ones before it, and would wait a turn for each of them.
  app.server.on('request', ({ socket }, response) => {
    if (response.socket === null) pipelining.add(socket)
  })
  // Next, the server destroys connections whose reply has ended, whether it is written or not.
  app.addHook('preClose', async () => {
    isClosing = true
    await endOfTurn()
  })
}

export default fp(writeBatching, { name: 'write-batching' })
