import { middle, round, type Spread, spread } from './figures.ts'
import { sendFor } from './generator.ts'
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
  /** How much of its core the server used. Below 0.95 the load generator was the limit, and the figures in µs are too high. */
  busy: number
  baselineBusy: number
  p50Ms: number
  p99Ms: number
  rssMb: number
}
/** `rounds` in each of `starts`, because two processes of the same program differ in how their memory is laid out. */
export type Pace = { starts: number; rounds: number; burstMs: number; warmUpMs: number }

type Burst = Awaited<ReturnType<typeof burst>>
type Pair = { base: Burst; own: Burst }
const MB = 1024 * 1024

async function burst({ server, bytes }: Case, forMs: number) {
  const before = await server.usage()
  const { requests, seconds, p50Ms, p99Ms } = await sendFor(server.port, bytes, forMs)
  const after = await server.usage()
  const cpuUs = after.cpuUs - before.cpuUs
  return {
    ...{ p50Ms, p99Ms, perSecond: requests / seconds, cpuUs: cpuUs / requests },
    ...{ busy: cpuUs / seconds / 1e6, rss: after.rssBytes }
  }
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
  const medianOf = (figure: keyof Burst, digits = 2) =>
    round(
      middle(pairs, ({ own }) => own[figure]),
      digits
    )
  return {
    subject,
    name,
    cpuUs: medianOf('cpuUs', 1),
    baselineUs: round(
      middle(pairs, ({ base }) => base.cpuUs),
      1
    ),
    ratio: spread(pairs.map(({ base, own }) => own.cpuUs / base.cpuUs)),
    perSecond: medianOf('perSecond', 0),
    baselinePerSecond: Math.round(middle(pairs, ({ base }) => base.perSecond)),
    busy: medianOf('busy'),
    baselineBusy: round(middle(pairs, ({ base }) => base.busy)),
    p50Ms: medianOf('p50Ms'),
    p99Ms: medianOf('p99Ms'),
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
