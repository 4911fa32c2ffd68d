import { EventEmitter } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { ConnectionLost, TlsRefused } from '../errors.ts'
import { readStartup } from './startup.ts'

/** Where postgres.js read that the server is. */
export type ServerAddress = { host: string[]; port: number[]; path: string | false; sslnegotiation: string | null }

/** SSLRequest, and the answer that TLS begins; more than this one byte was put in by somebody else (CVE-2021-23222). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const WILLING = Buffer.from('S')
/**
 * A socket for postgres.js that has one life. Once a connection was in use, its end is an error to each query that waits for
 * it or comes later, and never a `close`: after that postgres.js would use the connection again, with what is left of its
 * former life (decision 0036). `onLost` is told, so that the pool goes on with others.
 */
export class Wire extends EventEmitter {
  /** To be written as soon as there is somebody to read it. */
  readonly #early: Buffer[] = []
  readonly #onLost: () => void
  readonly #readStartup: (chunk: Buffer) => boolean
  #socket: Socket
  #isOpen = false
  #isReady = false
  #isEnded = false
  #fault: Error | null = null

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
      this.#socket.once('data', (answer) =>
        WILLING.equals(answer) ? this.#secure(options) : this.#lose(new TlsRefused())
      )
    })
  }

  #watch(socket: Socket) {
    return socket.on('error', (cause) => this.#lose(cause)).on('close', () => this.#lose())
  }

  #secure(options: ConnectionOptions) {
    // What happens to it is now told by the one around it, and why.
    this.#socket.removeAllListeners()
    this.#socket = this.#watch(
      connectTls({ ...options, socket: this.#socket }).once('secureConnect', () => this.#open())
    )
  }

  #open() {
    this.#isOpen = true
    this.#socket.setKeepAlive(true, 60_000).on('data', (chunk) => this.#read(chunk))
    for (const chunk of this.#early) this.#socket.write(chunk)
  }

  #read(chunk: Buffer) {
    if (this.#isReady) this.emit('data', chunk)
    else this.#isReady = this.#readStartup(chunk)
  }

  #lose(cause?: Error) {
    if (this.#fault) return
    this.#fault = cause ?? new ConnectionLost()
    this.#socket.destroy()
    if (!this.#isEnded) this.emit('error', this.#fault)
    // Nobody was there yet, or everybody was told: this connection may be made anew, after what is still to be written of it.
    if (this.#isEnded || !this.#isReady) setImmediate(() => this.emit('close', !this.#isEnded))
    else this.#onLost()
  }

  get readyState() {
    return this.#fault ? 'closed' : 'open'
  }

  write(chunk: Buffer) {
    if (this.#fault) this.emit('error', this.#fault)
    else if (this.#isOpen) this.#socket.write(chunk)
    else this.#early.push(chunk)
    return true
  }

  end(chunk: Buffer) {
    this.#isEnded = true
    if (this.#isOpen) this.#socket.end(chunk)
    else this.#socket.destroy()
  }

  destroy() {
    this.#socket.destroy()
  }
}
