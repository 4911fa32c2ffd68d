import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, type Redis, type RedisOptions, SentinelConnector } from 'ioredis'

/**
 * Combines all writes of one turn of the event loop into a single system call. Unlike a pipeline, each command keeps its own
 * timeout and, in a cluster, its own node.
 */
function combineWrites(stream: Socket) {
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
 * Connects to Redis and reports every error. ioredis' own connector listens for one error per socket, so a second one (a TLS
 * alert after a rejected certificate) would end the process; and its cluster client does not say why a node is unreachable.
 */
export function createConnector(onError: (error: Error) => void) {
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
        onError(error)
      })
      combineWrites(stream)
      this.stream = stream
      return stream
    }
  }
}

/** The same for connections to Sentinels: ioredis says only that none of them can be reached. */
export function createSentinelConnector(onError: (error: Error) => void) {
  class Connector extends SentinelConnector {}
  const own = Connector.prototype as unknown as { connectToSentinel(...given: unknown[]): Redis }
  const { connectToSentinel } = own
  own.connectToSentinel = function connectAndListen(...given) {
    return connectToSentinel.apply(this, given).on('error', onError)
  }
  // ioredis' types do not allow a SentinelConnector as an option.
  return Connector as unknown as ReturnType<typeof createConnector>
}
