import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { examineStream } from '../../scripts/doctor-streams.ts'

/** What a proxy in front of the service can do to a stream, and what the doctor says. */
const proxies: [name: string, answer: RequestListener, found: (RegExp | null)[]][] = [
  ['holds it back', (_request, reply) => reply.writeHead(200).flushHeaders(), [/holds it back/]],
  ['does not answer', () => {}, [/holds it back/]],
  ['refuses it', (_request, reply) => reply.writeHead(502).end(), [/refused with 502/]],
  ['ends it', (_request, reply) => void reply.end('retry: 1\n\n'), [null, /cut while it was silent/]],
  [
    'breaks the connection',
    (_request, reply) => void reply.write('retry: 1\n\n', () => setTimeout(() => reply.destroy(), 100)),
    [null, /cut while it was silent/]
  ]
]

t.test('the doctor finds a proxy that is not made for streams', async (t) => {
  const check = async ([name, answer, found]: (typeof proxies)[number]) => {
    const server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const told: (string | null)[] = []
    for await (const { finding } of examineStream((path, init) => fetch(url + path, init), {}))
      told.push(finding?.text ?? null)
    server.closeAllConnections()
    server.close()
    t.match(told, found, name)
    t.equal(told.length, found.length, name)
  }
  await Promise.all(proxies.map(check))
})
