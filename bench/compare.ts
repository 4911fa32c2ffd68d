import { openClient } from './client.ts'
import { middle, quantile, round, type Spread, spread } from './figures.ts'
import type { Usage } from './process.ts'

/** A request that is sent to a server again and again. */
export type Case = {
  subject: string
  name: string
  server: { port: number; usage(collect?: boolean): Promise<Usage> }
  bytes: Buffer
}
/** A server that was started for these cases. */
export type Running = { cases: Case[]; stop(): Promise<void> }
export type Result = {
  subject: string
  name: string
  /** CPU time of the server per request in µs, the median of all rounds. */
  cpuUs: number
  /** The same for the baseline, in the same rounds. */
  baselineUs: number
  /** `cpuUs` as a multiple of `baselineUs`, pair by pair. */
  ratio: Spread
  perSecond: number
  baselinePerSecond: number
  p50Ms: number
  p99Ms: number
  rssMb: number
}
/** `rounds` in each of `starts`, because two processes of the same program differ in how their memory is laid out. */
export type Pace = { starts: number; rounds: number; burstMs: number; warmUpMs: number }

type Burst = Awaited<ReturnType<typeof burst>>
type Pair = { base: Burst; own: Burst }
const MB = 1024 * 1024
const CONNECTIONS = 32

async function burst({ server, bytes }: Case, forMs: number) {
  // New connections each time: some servers close an idle one after five seconds.
  const client = await openClient(server.port, CONNECTIONS)
  const before = await server.usage()
  const { requests, times, seconds } = await client.run({ next: () => bytes, forMs })
  const after = await server.usage()
  client.close()
  return { times, perSecond: requests / seconds, cpuUs: (after.cpuUs - before.cpuUs) / requests, rss: after.rssBytes }
}

async function alternate(baseline: Case, subject: Case, { rounds, burstMs, warmUpMs }: Pace) {
  await burst(baseline, warmUpMs)
  await burst(subject, warmUpMs)
  const pairs: Pair[] = []
  for (let i = 0; i < rounds; i++) {
    // Take turns going first.
    const first = i % 2 === 0 ? await burst(baseline, burstMs) : null
    const own = await burst(subject, burstMs)
    pairs.push({ base: first ?? (await burst(baseline, burstMs)), own })
  }
  return pairs
}

function toResult({ subject, name }: Case, pairs: Pair[]): Result {
  const times = pairs.flatMap(({ own }) => own.times)
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
    rssMb: round(Math.max(...pairs.map(({ own }) => own.rss)) / MB, 0)
  }
}

/**
 * Compares each case of a subject with the baseline in short alternating bursts, so that a slow moment of the machine hits both.
 * Any failure, or any status but 200, ends the run. Both servers are started just for the comparison: a process that sat idle
 * for minutes has lost its caches and measures slower than one that was kept busy.
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
