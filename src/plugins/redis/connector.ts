import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, type RedisOptions } from 'ioredis'

/**
 * Sends at once what is written in one turn of the event loop: many requests ask in the same turn, and each write would be a
 * system call. Unlike a pipeline it leaves each command its own timeout, and in a cluster its own node.
 */
function sendTogether(stream: Socket) {
  const write = stream.write.bind(stream)
  stream.write = (...chunk: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork()
      setImmediate(() => stream.uncork())
    }
    return write(...(chunk as Parameters<typeof write>))
  }
}

/**
 * How connections to Redis are made. ioredis' own hears one error of each socket, and a second one (the alert of a server whose
 * certificate was refused) would end the process; and a cluster does not tell why its nodes cannot be reached. This one
 * hears all and tells all.
 */
export function createConnector(onFault: (error: Error) => void) {
  return class Connector extends AbstractConnector {
    readonly #options: RedisOptions

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? 0)
      this.#options = options as RedisOptions
    }

    async connect() {
      this.connecting = true
      const { host = '', port = 0, tls } = this.#options
      const stream = tls ? connectTls({ host, port, ...tls }) : connectTcp({ host, port })
      stream.on('error', (error: Error) => {
        this.firstError ??= error
        onFault(error)
      })
      sendTogether(stream)
      this.stream = stream
      return stream
    }
  }
}
