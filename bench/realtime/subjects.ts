import { join } from 'node:path'
import { SERVER_CORE, startProcess } from '../process.ts'
import { startService } from '../service.ts'
import { frame, PONG, type Step, socketRequest, streamRequest } from './crowd.ts'

/** A running server: how a client connects, and the path that sends a message to all of them. */
export type Subject = Awaited<ReturnType<typeof startOwn>>
export const OWN = { sse: 'this service, SSE', socket: 'this service, WebSocket' }
export const BARE = { sse: 'bare Fastify, SSE', socket: '@fastify/websocket' }
export const [TRANSMIT, SOCKET_IO] = ['Transmit, SSE', 'Socket.IO, WebSocket']

const fileOf = (name: string) => join(import.meta.dirname, 'subjects', name)
/** The most that STREAMS_PER_USER allows. */
const PER_USER = 1000
const SETTINGS = {
  STREAMS_MAX: '1000000',
  STREAMS_PER_USER: `${PER_USER}`,
  STREAM_HEARTBEAT: '25s',
  // A crowd that arrives all at once would be refused.
  MAX_EVENT_LOOP_DELAY_MS: '0'
}

/** Starts this service with the path `/emit`, and with as many users as the connections need. */
export async function startOwnService(connections: number, env: Record<string, string> = {}) {
  const service = await startService({ ...SETTINGS, ...env }, SERVER_CORE, [], fileOf('service.ts'))
  const users: { id: string; bearer: { authorization: string } }[] = []
  for (let i = 0; i < connections / PER_USER; i++) {
    await service.signUp(`user${i}`)
    const { accessToken } = await service.logIn(`user${i}`, 'token')
    const bearer = { authorization: `Bearer ${accessToken}` }
    const { userId } = await (await fetch(`${service.url}/api/auth/whoami`, { headers: bearer })).json()
    users.push({ id: userId, bearer })
  }
  const bearerOf = (i: number) => users[i % users.length]?.bearer ?? {}
  return { ...service, users, bearerOf }
}

export const streamSteps = (bearer: Record<string, string>): Step[] => [
  [streamRequest('/api/realtime/stream', bearer), 'event: ready']
]

export async function startOwn(kind: keyof typeof OWN, connections: number) {
  const service = await startOwnService(connections)
  const { users, bearerOf } = service
  const isStream = kind === 'sse'
  const socketSteps = (bearer: Record<string, string>): Step[] => [
    [socketRequest('/api/realtime/socket', bearer), '101 Switching'],
    [frame('{"op":"sub","id":1,"channel":"room.1"}'), '"ok"']
  ]
  return {
    name: OWN[kind],
    server: service,
    emitPath: isStream ? `/emit?users=${users.map(({ id }) => id)}&n=` : '/emit?n=',
    stepsOf: (i: number) => (isStream ? streamSteps : socketSteps)(bearerOf(i)),
    /** What each client sends now and then to stay connected. */
    keepAlive: isStream ? null : PONG
  }
}

async function startPeer(name: string, file: string, steps: Step[]): Promise<Subject> {
  const server = await startProcess(fileOf(file), { core: SERVER_CORE })
  return { name, server: server as Subject['server'], emitPath: '/emit?n=', stepsOf: () => steps, keepAlive: null }
}

/** Each starts one subject, for the given number of connections. */
export const subjects: ((connections: number) => Promise<Subject>)[] = [
  () => startPeer(BARE.sse, 'sse.ts', [[streamRequest('/stream'), ':ok']]),
  (connections) => startOwn('sse', connections),
  () => startPeer(TRANSMIT, 'transmit.js', [[streamRequest('/stream'), ':ok']]),
  () => startPeer(BARE.socket, 'websocket.js', [[socketRequest('/socket'), '101 Switching']]),
  (connections) => startOwn('socket', connections),
  () =>
    startPeer(SOCKET_IO, 'socket-io.js', [
      [socketRequest('/socket.io/?EIO=4&transport=websocket'), '0{'],
      [frame('40'), '40{']
    ])
]
