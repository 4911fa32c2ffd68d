import { connect, type Socket } from 'node:net'
import { withTimeout } from '../../plugins/platform/time-budget/time-budget.ts'
import { FileInfected, ScannerUnavailable } from './errors.ts'
import type { Body } from './store.ts'

/** How long clamd may take for each step, in ms. */
const STEP_MS = 25_000
const DEFAULT_PORT = 3310
const COMMAND = Buffer.from('zINSTREAM\0')
const END = Buffer.alloc(4)

export const isScanUrl = (url: string) => /^tcp:\/\/[^/?#@]+\/?$/.test(url) && URL.canParse(url)

/** A chunk after its length (clamd(8), INSTREAM). */
function frame(chunk: Buffer) {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(chunk.length)
  return Buffer.concat([length, chunk])
}

function write(socket: Socket, bytes: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  return promise
}

/** All that clamd says until it closes the connection. */
function readReply(socket: Socket) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let reply = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    reply += text
  })
  socket.on('error', reject).on('close', () => resolve(reply))
  // Whoever writes gets the error as well, and may be first.
  promise.catch(() => {})
  return promise
}

/**
 * Passes a body on, and to clamd at the same time. After the last byte it throws FILE_INFECTED, or SCANNER_UNAVAILABLE if nobody knows
 * whether the file is clean.
 */
export function createScan(url: string, stepMs = STEP_MS) {
  const { hostname, port } = new URL(url)
  const address = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || DEFAULT_PORT) }

  async function step<T>(work: () => Promise<T>) {
    try {
      return await withTimeout(stepMs, work)
    } catch (cause) {
      throw new ScannerUnavailable({ cause })
    }
  }

  return async function* scan(body: Body): Body {
    const socket = connect(address)
    const reply = readReply(socket)
    try {
      await step(() => write(socket, COMMAND))
      for await (const chunk of body) {
        await step(() => write(socket, frame(chunk)))
        yield chunk
      }
      await step(() => write(socket, END))
      const said = await step(() => reply)
      if (/ FOUND\0?$/.test(said)) throw new FileInfected()
      // Such as `INSTREAM size limit exceeded`: StreamMaxLength of clamd is below the size of the file.
      if (!/^stream: OK\0?$/.test(said)) throw new ScannerUnavailable({ cause: new Error(`clamd said ${said}`) })
    } finally {
      socket.destroy()
    }
  }
}
