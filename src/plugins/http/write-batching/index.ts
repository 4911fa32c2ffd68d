import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Writes the replies of one turn of the event loop together, at its end. A busy service then wakes its clients once per turn; to
 * wake them for each reply would cost more than the reply itself (decision 0092).
 */
async function writeBatching(app: FastifyInstance) {
  app.server.on('connection', (socket: Socket) => {
    // A Writable hands its chunks to these two methods, and waits for the callback before it hands over more.
    const { _write: write, _writev: writev } = socket
    socket._write = (...chunk) => setImmediate(() => write.apply(socket, chunk))
    socket._writev = (...chunks) => setImmediate(() => writev?.apply(socket, chunks))
  })
}

export default fp(writeBatching, { name: 'write-batching' })
