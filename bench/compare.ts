import type { Client } from './client.ts'
import { quantile, round, type Spread, spread } from './figures.ts'
import type { Usage } from './process.ts'

export type Case = {
  subject: string
  name: string
  server: { usage(collect?: boolean): Promise<Usage> }
  client: Client
  /** The request that is repeated. */
  bytes: Buffer
}
export type Result = {
  subject: string
  name: string
  /** CPU time of the server for one request, in µs: the median of all rounds. */
  cpuUs: number
  /** The same as a multiple of the baseline's, pair by pair. */
  ratio: Spread
  perSecond: number
  p50Ms: number
  p99Ms: number
  rssMb: number
}

const MB = 1024 * 1024

async function burst({ server, client, bytes }: Case, forMs: number) {
  const before = await server.usage()
  const { requests, times, seconds } = await client.run({ next: () => bytes, forMs })
  const after = await server.usage()
  return { times, perSecond: requests / seconds, cpuUs: (after.cpuUs - before.cpuUs) / requests, rss: after.rssBytes }
}

/**
 * Each case against its baseline in short bursts that alternate, so that a slow moment of the machine meets both. A failure, or
 * any answer but a 200, ends the run.
 */
export async function compare(
  pairs: { baseline: Case; subject: Case }[],
  { rounds, burstMs, warmUpMs }: { rounds: number; burstMs: number; warmUpMs: number }
): Promise<Result[]> {
  const cases = [...new Set(pairs.flatMap(({ baseline, subject }) => [baseline, subject]))]
  for (const one of cases) await burst(one, warmUpMs)
  const found = pairs.map((pair) => ({
    pair,
    bursts: [] as Awaited<ReturnType<typeof burst>>[],
    ratios: [] as number[]
  }))
  for (let i = 0; i < rounds; i++) {
    for (const { pair, bursts, ratios } of found) {
      // Who comes first changes each time.
      const first = i % 2 === 0 ? await burst(pair.baseline, burstMs) : null
      const own = await burst(pair.subject, burstMs)
      const base = first ?? (await burst(pair.baseline, burstMs))
      bursts.push(own)
      ratios.push(own.cpuUs / base.cpuUs)
    }
  }
  return found.map(({ pair, bursts, ratios }) => {
    const times = bursts.flatMap((one) => one.times)
    const { median, min, max } = spread(ratios)
    return {
      subject: pair.subject.subject,
      name: pair.subject.name,
      cpuUs: round(
        quantile(
          bursts.map(({ cpuUs }) => cpuUs),
          0.5
        ),
        1
      ),
      ratio: { median: round(median), min: round(min), max: round(max) },
      perSecond: Math.round(
        quantile(
          bursts.map(({ perSecond }) => perSecond),
          0.5
        )
      ),
      p50Ms: round(quantile(times, 0.5)),
      p99Ms: round(quantile(times, 0.99)),
      rssMb: round(Math.max(...bursts.map(({ rss }) => rss)) / MB, 0)
    }
  })
}
