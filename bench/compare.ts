import { type Load, openClient } from './client.ts'
import { middle, quantile, round, type Spread, spread } from './figures.ts'
import type { Usage } from './process.ts'

/** A request to a server, which is repeated. */
export type Case = {
  subject: string
  name: string
  server: { port: number; usage(collect?: boolean): Promise<Usage> }
  bytes: Buffer
  /** In place of the one: other requests each time. */
  load?: Pick<Load, 'next' | 'onReply'> & { connections: number }
}
/** The cases of a server that was started for them. */
export type Running = { cases: Case[]; stop(): Promise<void> }
export type Result = {
  subject: string
  name: string
  /** CPU time of the server for one request, in µs: the median of all rounds. */
  cpuUs: number
  /** The same of the baseline, in the same rounds. */
  baselineUs: number
  /** The one as a multiple of the other, pair by pair. */
  ratio: Spread
  perSecond: number
  baselinePerSecond: number
  p50Ms: number
  p99Ms: number
  baselineP99Ms: number
  rssMb: number
}
/** `rounds` in each of `starts`: of one program two processes differ too, by how their code and memory came to lie. */
export type Pace = { starts: number; rounds: number; burstMs: number; warmUpMs: number }

type Burst = Awaited<ReturnType<typeof burst>>
type Pair = { base: Burst; own: Burst }
const MB = 1024 * 1024
const CONNECTIONS = 32

async function burst({ server, bytes, load }: Case, forMs: number) {
  // Anew each time: some servers close after five seconds what asks nothing.
  const client = await openClient(server.port, load?.connections ?? CONNECTIONS)
  const before = await server.usage()
  const { requests, times, seconds } = await client.run({ next: () => bytes, ...load, forMs })
  const after = await server.usage()
  client.close()
  return { times, perSecond: requests / seconds, cpuUs: (after.cpuUs - before.cpuUs) / requests, rss: after.rssBytes }
}

async function alternate(baseline: Case, subject: Case, { rounds, burstMs, warmUpMs }: Pace) {
  await burst(baseline, warmUpMs)
  await burst(subject, warmUpMs)
  const pairs: Pair[] = []
  for (let i = 0; i < rounds; i++) {
    // Who comes first changes each time.
    const first = i % 2 === 0 ? await burst(baseline, burstMs) : null
    const own = await burst(subject, burstMs)
    pairs.push({ base: first ?? (await burst(baseline, burstMs)), own })
  }
  return pairs
}

function toResult({ subject, name }: Case, pairs: Pair[]): Result {
  const times = pairs.flatMap(({ own }) => own.times)
  const baselineTimes = pairs.flatMap(({ base }) => base.times)
  return {
    subject,
    name,
    cpuUs: round(
      middle(pairs, ({ own }) => own.cpuUs),
      1
    ),
    baselineUs: round(
      middle(pairs, ({ base }) => base.cpuUs),
      1
    ),
    ratio: spread(pairs.map(({ base, own }) => own.cpuUs / base.cpuUs)),
    perSecond: Math.round(middle(pairs, ({ own }) => own.perSecond)),
    baselinePerSecond: Math.round(middle(pairs, ({ base }) => base.perSecond)),
    p50Ms: round(quantile(times, 0.5)),
    p99Ms: round(quantile(times, 0.99)),
    baselineP99Ms: round(quantile(baselineTimes, 0.99)),
    rssMb: round(Math.max(...pairs.map(({ own }) => own.rss)) / MB, 0)
  }
}

/**
 * Each case of a subject against the baseline's, in short bursts that alternate, so that a slow moment of the machine meets
 * both. A failure, or any answer but a 200, ends the run. Both are started for this and stopped after it: a process that waits
 * for minutes has lost caches and memory, and would be measured slower than one that was kept busy.
 */
export async function compare(
  startBaseline: () => Promise<Running>,
  startSubject: () => Promise<Running>,
  baselineOf: (subject: Case, baselines: Case[]) => Case,
  pace: Pace
): Promise<Result[]> {
  const found = new Map<string, { subject: Case; pairs: Pair[] }>()
  for (let start = 0; start < pace.starts; start++) {
    const [bare, running] = [await startBaseline(), await startSubject()]
    for (const subject of running.cases) {
      const pairs = await alternate(baselineOf(subject, bare.cases), subject, pace)
      found.set(subject.name, { subject, pairs: [...(found.get(subject.name)?.pairs ?? []), ...pairs] })
    }
    await bare.stop()
    await running.stop()
  }
  return [...found.values()].map(({ subject, pairs }) => toResult(subject, pairs))
}
