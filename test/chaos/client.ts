import { Agent, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'

export type Answer = {
  call: string
  /** 0: none came. */
  status: number
  /** When it was asked and how long the answer took, in ms. */
  at: number
  ms: number
  cookies: string[]
  body: { code?: string; authenticated?: boolean; accessToken?: string; refreshToken?: string; sessionId?: string }
}
export type Client = ReturnType<typeof createClient>

export type Address = { port: number; ca?: Buffer }

const HOST = 'api.example.com'
/** Longer than any answer may take. */
const PATIENCE_MS = 10_000

function parse(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** Asks over kept-alive connections, by TLS where there is a certificate to trust, and tells `onAnswer` of each answer. */
export function createClient({ port, ca }: Address, onAnswer: (answer: Answer) => void = () => {}) {
  const agent = ca ? new TlsAgent({ keepAlive: true, ca, servername: HOST }) : new Agent({ keepAlive: true })

  function ask(call: string, method: string, path: string, headers: Record<string, string> = {}, body?: object) {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const at = performance.now()
    function end(status: number, cookies: string[], text: string) {
      const answer = { call, status, at, ms: performance.now() - at, cookies, body: parse(text) }
      onAnswer(answer)
      resolve(answer)
    }
    const json = body && JSON.stringify(body)
    const type = json ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) } : {}
    const options = { agent, port, host: '127.0.0.1', method, path, headers: { host: HOST, ...type, ...headers } }
    const outgoing = (ca ? tlsRequest : request)(options, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => end(incoming.statusCode ?? 0, incoming.headers['set-cookie'] ?? [], text))
      incoming.on('error', () => end(0, [], ''))
    })
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy())
    outgoing.on('error', () => end(0, [], ''))
    outgoing.end(json)
    return promise
  }
  return { ask, close: () => agent.destroy() }
}
