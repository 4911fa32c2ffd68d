import { type ClientRequest, get, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { waitUntil } from '../../servers.ts'

export type StreamEvent = { event: string; id?: string; data: Record<string, unknown> }

/** Where an app listens; it begins to on the first call. */
export async function addressOf(app: FastifyInstance) {
  const address = app.server.address() as AddressInfo | null
  return address ? `http://127.0.0.1:${address.port}` : app.listen({ host: '127.0.0.1', port: 0 })
}

/** The fields of one frame, by the rules for server-sent events. */
function parseFrame(frame: string) {
  const fields = frame.split('\n').map((line) => /^([^:]*):? ?(.*)$/s.exec(line)?.slice(1) ?? [])
  return Object.fromEntries(fields) as Record<string, string>
}

/** Opens a stream as a client does, and collects what comes. */
export async function openStream(url: string, headers: Record<string, string> = {}, query = '') {
  const events: StreamEvent[] = []
  const retries: number[] = []
  let comments = 0
  let rest = ''
  let text = ''
  let isClosed = false
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: IncomingHttpHeaders }>()
  const request: ClientRequest = get(`${url}/api/realtime/stream${query}`, { headers, agent: false }, (reply) => {
    resolve({ status: reply.statusCode ?? 0, headers: reply.headers })
    reply.setEncoding('utf8')
    reply.on('data', (chunk: string) => {
      text += chunk
      const frames = (rest + chunk).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        if (frame.startsWith(':')) comments++
        const { retry, event, id, data } = parseFrame(frame)
        if (retry) retries.push(Number(retry))
        if (event && data) events.push({ event, ...(id && { id }), data: JSON.parse(data) })
      }
    })
    reply.on('close', () => {
      isClosed = true
    })
    reply.on('error', () => {})
  })
  request.on('error', (error) => {
    isClosed = true
    reject(error)
  })
  const reply = await promise
  const of = (name: string) => events.filter(({ event }) => event === name)
  return {
    ...reply,
    request,
    events,
    retries,
    comments: () => comments,
    text: () => text,
    isClosed: () => isClosed,
    seqs: () => of('message').map(({ id }) => Number(id)),
    of,
    /** Waits for this many events of a name, and returns the last of them. */
    async wait(name: string, count = 1) {
      await waitUntil(
        () => of(name).length >= count,
        `${count} × ${name}; there are ${JSON.stringify(events.slice(-3))}`
      )
      return of(name)[count - 1] as StreamEvent
    },
    /** Waits until the service has ended it, and returns the code of its `bye`. */
    async ended() {
      await waitUntil(() => isClosed, 'the stream ends')
      return of('bye')[0]?.data['code']
    },
    close: () => request.destroy()
  }
}

/** Sends messages to a user, each in a transaction of its own. */
export async function notify(app: FastifyInstance, userId: string, ...types: string[]) {
  for (const type of types) await app.transaction({ steps: app.notify(userId, { type, data: { of: type } }) })
}
