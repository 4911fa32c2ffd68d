import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { waitUntil } from '../../servers.ts'

export type Answer = {
  op: string
  id?: unknown
  code?: string
  channel?: string
  seq?: number
  type?: string
  data?: unknown
}

/** Tries to open a socket as a client does: the socket, or the status and body of a refusal. */
export async function connect(
  url: string,
  headers: Record<string, string> = {},
  query = '',
  origin = url.replace('http', 'https'),
  tls: { ca?: Buffer; servername?: string } = {}
) {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/api/realtime/socket${query}`, {
    ...tls,
    headers: { origin, ...headers }
  })
  const answers: Answer[] = []
  let closed: { code: number; reason: string } | null = null
  ws.on('message', (data) => void answers.push(JSON.parse(`${data}`)))
  ws.on('close', (code, reason) => {
    closed = { code, reason: `${reason}` }
  })
  ws.on('error', () => {})
  let received: IncomingMessage['headers'] = {}
  ws.on('upgrade', (reply) => {
    received = reply.headers
  })
  const opened = once(ws, 'open').then(() => null)
  const refused = once(ws, 'unexpected-response').then(async ([, reply]: IncomingMessage[]) => {
    let text = ''
    for await (const chunk of reply as IncomingMessage) text += chunk
    return { status: reply?.statusCode, headers: reply?.headers, body: JSON.parse(text) as { code: string } }
  })
  const refusal = await Promise.race([opened, refused])
  let count = 0
  const of = (op: string) => answers.filter((answer) => answer.op === op)
  return {
    ws,
    refusal,
    /** The headers of the 101. */
    received,
    answers,
    of,
    seqs: (channel: string) => of('msg').flatMap((answer) => (answer.channel === channel ? [answer.seq] : [])),
    send: (frame: unknown) => ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    /** Sends a frame with an id of its own, and returns the code of its answer: `ok`, or that of an error. */
    async ask(op: string, channel: string, more: object = {}) {
      const id = count++
      ws.send(JSON.stringify({ op, id, channel, ...more }))
      const find = () => answers.find((answer) => answer.id === id)
      await waitUntil(() => find() !== undefined || closed !== null, `the answer to ${op} ${channel}`)
      return find()?.code ?? find()?.op ?? `closed ${closed?.code}`
    },
    /** Waits for this many messages of a channel. */
    wait: (channel: string, total: number) =>
      waitUntil(
        () => of('msg').filter((answer) => answer.channel === channel).length >= total,
        `${total} messages; there are ${JSON.stringify(answers.slice(-3))}`
      ),
    isClosed: () => closed !== null,
    /** Waits until it is closed, and returns the code. */
    async closed() {
      await waitUntil(() => closed !== null, 'the socket is closed')
      return closed?.code
    },
    close: () => ws.terminate()
  }
}
