import { quantile } from './figures.ts'
import { print } from './print.ts'
import { PASSWORD, startService } from './service.ts'

const COUNT = 200
const WARM_UP = 20
type Service = Awaited<ReturnType<typeof startService>>

/**
 * Compares the response times of a call for users that exist and for names that do not: each once, in random order, each from a
 * different address. `titles` are those of both. The goal: medians within 5 %, and no difference that a rank test detects.
 */
export async function compareTimes(
  ask: (service: Service, name: string, address: string) => Promise<Response>,
  status: number,
  titles: [string, string],
  environment: Record<string, string> = {}
) {
  const service = await startService(environment)
  const names = Array.from({ length: COUNT / 2 + WARM_UP }, (_, i) => `user${i}`)
  for (const [i, username] of names.entries()) {
    const body = { username, email: `${username}@example.com`, name: 'A user', password: PASSWORD }
    const reply = await service.post('/api/auth/signup', body, `192.0.2.${i}`)
    if (reply.status !== 201) throw new Error(`sign-up answered ${reply.status}`)
  }
  const tries = names.flatMap((name) => [
    { name, isKnown: true },
    { name: `no${name}`, isKnown: false }
  ])
  const shuffled = tries
    .map((one) => ({ one, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ one }) => one)

  const times: { isKnown: boolean; ms: number }[] = []
  for (const [i, { name, isKnown }] of shuffled.entries()) {
    const start = performance.now()
    const reply = await ask(service, name, `10.0.${i >> 8}.${i & 255}`)
    await reply.text()
    if (reply.status !== status) throw new Error(`the call answered ${reply.status}`)
    if (i >= WARM_UP) times.push({ isKnown, ms: performance.now() - start })
  }
  service.stop()

  const of = (isKnown: boolean) => times.filter((time) => time.isKnown === isKnown).map(({ ms }) => ms)
  const [known, unknown] = [of(true), of(false)]
  const [a, b] = [quantile(known, 0.5), quantile(unknown, 0.5)]
  // Mann-Whitney test with the normal approximation; ties between times are negligible.
  const ranks = times.toSorted((x, y) => x.ms - y.ms).map((time, i) => ({ ...time, rank: i + 1 }))
  const sum = ranks.filter(({ isKnown }) => isKnown).reduce((total, { rank }) => total + rank, 0)
  const [n, m] = [known.length, unknown.length]
  const z = (sum - (n * (n + m + 1)) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12)
  print(`${titles[0]} ${a.toFixed(2)} ms, ${titles[1]} ${b.toFixed(2)} ms (medians of ${n} and ${m})`)
  print(
    `difference ${(100 * (a / b - 1)).toFixed(2)} %; rank test z = ${z.toFixed(2)} (beyond ±1.96 suggests a real difference; 5 % of runs land there by chance)`
  )
}
