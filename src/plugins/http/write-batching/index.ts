import type { Socket } from 'node:net'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Connections that are written to at once, such as those of streams. */
    unbatched: WeakSet<object>
  }
}

/**
 * Writes the replies of one turn of the event loop together, at its end. A busy service then wakes its clients once per turn;
 * waking them for each reply would cost more than making it (decision 0092).
 */
async function writeBatching(app: FastifyInstance) {
  const unbatched = new WeakSet<object>()
  app.decorate('unbatched', unbatched)
  let isClosing = false
  app.server.on('connection', (socket: Socket) => {
    // A Writable hands its chunks to these two methods, and waits for the callback before it passes on more.
    const { _write: write, _writev: writev } = socket
    const atEndOfTurn = (run: () => void) => (isClosing || unbatched.has(socket) ? run() : setImmediate(run))
    socket._write = (...chunk) => atEndOfTurn(() => write.apply(socket, chunk))
    socket._writev = (...chunks) => atEndOfTurn(() => writev?.apply(socket, chunks))
  })
  // A pipelined reply gets the connection only after those before it. Batching would cost it a turn for each of them.
  app.server.on('request', ({ socket }, response) => {
    if (response.socket === null) unbatched.add(socket)
  })
  // After this hook, the server destroys connections whose reply has ended, even if it is not written yet.
  app.addHook('preClose', async () => {
    isClosing = true
    await endOfTurn()
  })
}

export default fp(writeBatching, { name: 'write-batching' })
