import { Agent, request } from 'node:https'
import { HOST, type Nginx } from './nginx.ts'

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }
export type Sent = { method?: string; headers?: Record<string, string>; body?: object }

/** A client with its own address and keep-alive connections over TLS, like a browser. Rejects if a connection breaks. */
export function createClient({ port, ca }: Nginx, localAddress = '127.0.0.1') {
  const agent = new Agent({ keepAlive: true, maxSockets: 2, ca, servername: HOST, localAddress })
  function call(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const json = body && JSON.stringify(body)
    const type = json ? { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(json)}` } : {}
    const options = { agent, host: '127.0.0.1', port, path, method, headers: { host: HOST, ...type, ...headers } }
    const sent = request(options, (reply) => {
      let text = ''
      reply.setEncoding('utf8')
      reply.on('data', (chunk) => {
        text += chunk
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }))
      reply.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(json)
    return promise
  }
  return { call, close: () => agent.destroy() }
}
