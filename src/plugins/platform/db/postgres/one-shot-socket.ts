import { EventEmitter } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { DatabaseError } from '../errors.ts'
import { readStartup } from './startup.ts'

/** What postgres.js passes to its `socket` option. */
export type ServerAddress = { host: string[]; port: number[]; path: string | false; sslnegotiation: string | null }

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
/** The server agrees to TLS. Anything after this byte was injected (CVE-2021-23222). */
const SSL_ACCEPTED = Buffer.from('S')
/**
 * A socket for postgres.js that is used for one connection only. When a ready connection is lost, each pending and later query gets an
 * error, and postgres.js never hears `close`: it would reconnect with the same object, which still holds state of the lost connection
 * (decision 0036). `onLost` tells the pool to go on with new connections.
 */
export class OneShotSocket extends EventEmitter {
  /** Written before the socket was open. */
  readonly #early: Buffer[] = []
  readonly #onLost: () => void
  readonly #readStartup: (chunk: Buffer) => boolean
  #socket: Socket
  #state: 'connecting' | 'starting' | 'ready' = 'connecting'
  #isEnded = false
  #error: Error | null = null

  constructor(
    { host, port, path, sslnegotiation }: ServerAddress,
    tls: false | ConnectionOptions,
    onLost: () => void,
    greeting: string | null = null
  ) {
    super()
    this.#onLost = onLost
    const pass = (message: Buffer) => void this.emit('data', message)
    this.#readStartup = readStartup(greeting, (message) => this.#socket.write(message), pass)
    const [name = 'localhost'] = host
    this.#socket = this.#watch(path ? connect(path) : connect(port[0] ?? 5432, name))
    const options = { ...tls, ...(isIP(name) === 0 && { servername: name }) }
    this.#socket.once('connect', () => {
      if (tls === false) return this.#open()
      if (sslnegotiation === 'direct') return this.#secure({ ...options, ALPNProtocols: ['postgresql'] })
      this.#socket.write(SSL_REQUEST)
      this.#socket.once('data', (answer) => {
        if (SSL_ACCEPTED.equals(answer)) this.#secure(options)
        else this.#lose(new DatabaseError('ERR_SSL_REFUSED', 'The server does not support TLS'))
      })
    })
  }

  #watch(socket: Socket) {
    return socket.on('error', (cause) => this.#lose(cause)).on('close', () => this.#lose())
  }

  #secure(options: ConnectionOptions) {
    // From now on the TLS socket reports failures, with their reason.
    this.#socket.removeAllListeners()
    this.#socket = this.#watch(
      connectTls({ ...options, socket: this.#socket }).once('secureConnect', () => this.#open())
    )
  }

  #open() {
    this.#state = 'starting'
    this.#socket.setKeepAlive(true, 60_000).on('data', (chunk) => this.#read(chunk))
    for (const chunk of this.#early) this.#socket.write(chunk)
  }

  #read(chunk: Buffer) {
    if (this.#state === 'ready') this.emit('data', chunk)
    else if (this.#readStartup(chunk)) this.#state = 'ready'
  }

  #lose(cause?: Error) {
    if (this.#error) return
    this.#error = cause ?? new DatabaseError('CONNECTION_LOST', 'The connection was lost; its queries may have run')
    this.#socket.destroy()
    if (!this.#isEnded) this.emit('error', this.#error)
    // Closed on purpose or never ready: no state is left, so postgres.js may reconnect, once pending writes are done.
    if (this.#isEnded || this.#state !== 'ready') setImmediate(() => this.emit('close', !this.#isEnded))
    else this.#onLost()
  }

  get readyState() {
    return this.#error ? 'closed' : 'open'
  }

  write(chunk: Buffer) {
    if (this.#error) this.emit('error', this.#error)
    else if (this.#state === 'connecting') this.#early.push(chunk)
    else this.#socket.write(chunk)
    return true
  }

  end(chunk: Buffer) {
    this.#isEnded = true
    if (this.#state === 'connecting') this.#socket.destroy()
    else this.#socket.end(chunk)
  }

  destroy() {
    this.#socket.destroy()
  }
}
