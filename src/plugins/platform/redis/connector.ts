import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, type Redis, type RedisOptions, SentinelConnector } from 'ioredis'

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

/** The same for what keeps it from a Sentinel: ioredis tells only that none of them can be reached. */
export function createSentinelConnector(onFault: (error: Error) => void) {
  class Connector extends SentinelConnector {}
  const own = Connector.prototype as unknown as { connectToSentinel(...given: unknown[]): Redis }
  const { connectToSentinel } = own
  own.connectToSentinel = function connectAndListen(...given) {
    return connectToSentinel.apply(this, given).on('error', onFault)
  }
  // The options of the package know the other kind alone.
  return Connector as unknown as ReturnType<typeof createConnector>
}
