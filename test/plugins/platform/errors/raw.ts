import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Listens on a free loopback port and gives it. */
export async function listen(app: FastifyInstance) {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Sends these bytes and gives all that came back until the server closed the connection; rejects if it does not close. */
export function exchange(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  const timer = setTimeout(() => reject(new Error(`left open after: ${Buffer.concat(chunks)}`)), 5000)
  socket.on('data', (chunk) => void chunks.push(chunk))
  // A server that refuses may reset what is still being sent.
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(timer)
    resolve(Buffer.concat(chunks).toString())
  })
  for (const part of parts) socket.write(part)
  return promise.finally(() => socket.destroy())
}

/** The answers in what came back. */
export function answersIn(text: string) {
  return text.split(/(?=HTTP\/1\.1 \d{3} )/).flatMap((answer) => {
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    return Number.isNaN(status) ? [] : [{ status, head: head.toLowerCase(), body }]
  })
}
