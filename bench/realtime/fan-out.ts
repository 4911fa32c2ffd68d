import { middle, round, spread } from '../figures.ts'
import { openCrowd } from './crowd.ts'
import { BARE, OWN, SOCKET_IO, type Subject, subjects, TRANSMIT } from './subjects.ts'

export type Pace = { connections: number; rounds: number; burstMs: number; warmUpMs: number }
type Crowd = Awaited<ReturnType<typeof openCrowd>>
type Burst = { cpuUs: number; busy: number }
type Running = { subject: Subject; crowd: Crowd; bursts: Burst[] }

/** Sends messages to all clients for this long; the next one is on its way while the last one arrives. */
async function burst(
  { subject: { server, emitPath }, crowd }: Pick<Running, 'subject' | 'crowd'>,
  connections: number,
  forMs: number
) {
  const already = crowd.received()
  const before = await server.usage()
  const begin = performance.now()
  let sent = 0
  while (performance.now() - begin < forMs) {
    const reply = await fetch(`${server.url}${emitPath}${++sent}`)
    if (!reply.ok) throw new Error(`${emitPath} answered ${reply.status}`)
    await reply.text()
    await crowd.until(already + (sent - 1) * connections)
  }
  await crowd.until(already + sent * connections)
  const ms = performance.now() - begin
  const cpuUs = (await server.usage()).cpuUs - before.cpuUs
  return { cpuUs: cpuUs / (sent * connections), busy: cpuUs / ms / 1000 }
}

/** Starts a subject, and opens its connections. */
async function gather(
  start: (connections: number) => Promise<Subject>,
  { connections, warmUpMs }: Pace
): Promise<Running> {
  const subject = await start(connections)
  const crowd = await openCrowd(subject.server.port, connections, subject.stepsOf)
  await burst({ subject, crowd }, connections, warmUpMs)
  return { subject, crowd, bursts: [] }
}

/** Messages per CPU-second of one subject as a multiple of another's, round by round. */
function compare(all: Running[], own: string, other: string, goal: number) {
  const [a, b] = [own, other].map((name) => all.find(({ subject }) => subject.name === name)?.bursts ?? [])
  const ratios = (a ?? []).map(({ cpuUs }, i) => (b?.[i]?.cpuUs ?? Number.NaN) / cpuUs)
  const { median, low, high } = spread(ratios)
  return { what: `${own} / ${other}`, ratio: median, low, high, 'at least': goal }
}

/** Messages to all connections at once, of this service and of others, in alternating bursts. */
export async function fanOut(pace: Pace) {
  const all: Running[] = []
  for (const start of subjects) all.push(await gather(start, pace))
  for (let i = 0; i < pace.rounds; i++) {
    // A slow moment of the machine hits all, and nobody always comes first.
    for (const running of i % 2 === 0 ? all : all.toReversed()) {
      running.bursts.push(await burst(running, pace.connections, pace.burstMs))
      if (running.subject.keepAlive) running.crowd.write(running.subject.keepAlive)
    }
  }
  for (const { crowd, subject } of all) {
    crowd.close()
    await subject.server.stop()
  }
  const costs = all.map(({ subject: { name }, bursts }) => {
    const cpuUs = middle(bursts, (one) => one.cpuUs)
    return {
      subject: name,
      'CPU µs': round(cpuUs),
      'per CPU-second': Math.round(1e6 / cpuUs),
      busy: round(middle(bursts, ({ busy }) => busy))
    }
  })
  const ratios = [
    compare(all, OWN.sse, BARE.sse, 0.75),
    compare(all, OWN.sse, TRANSMIT, 1.4),
    compare(all, OWN.sse, SOCKET_IO, 1.2),
    compare(all, OWN.socket, BARE.socket, 0.85)
  ]
  return { costs, ratios }
}
