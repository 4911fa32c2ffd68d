import { type Case, compare, type Running } from '../compare.ts'
import { round } from '../figures.ts'
import { loginRequest } from '../requests.ts'
import { fromPage, type Service, startService, type Tokens } from '../service.ts'
import type { Store } from './databases.ts'

/** So many users take part, at random among all that are there. */
const ACTIVE = 64
/** What waits for a disk or a hash is asked by few at once: else it would measure its own queue. */
const FEW = 4

/** A service whose database has so many users. */
export async function startPopulated(store: Store, users: number) {
  // Without a grace period each refresh rotates.
  const settings = { ...store.env, REFRESH_GRACE: '0' }
  const first = await startService(settings)
  await first.signUp('ada')
  await first.stop()
  await store.fill(users)
  return startService({ ...first.settings, ...settings })
}

/** Its calls, by users who are spread over the whole. */
export async function callsOf(service: Service, users: number): Promise<Case[]> {
  const anyone = () => `user${Math.floor(Math.random() * users)}`
  const bearers: Buffer[] = []
  const cookies: Buffer[] = []
  const refreshTokens: string[] = []
  for (let i = 0; i < ACTIVE; i++) {
    const [user, from] = [anyone(), `10.1.0.${i}`]
    const { accessToken, refreshToken } = await service.logIn(user, 'token', from)
    bearers.push(fromPage('GET', '/api/users/me', { authorization: `Bearer ${accessToken}` }))
    refreshTokens.push(refreshToken)
    const { cookie } = await service.logIn(user, 'cookie', from)
    cookies.push(fromPage('GET', '/api/auth/whoami', { cookie }))
  }
  const bytes = bearers[0] as Buffer
  const one = (name: string, load: NonNullable<Case['load']>): Case => ({
    subject: '',
    name,
    server: service,
    bytes,
    load
  })
  let logins = 0
  return [
    one('whoami by cookie', { connections: 32, next: (i) => cookies[i % ACTIVE] ?? null }),
    one('users/me by bearer', { connections: 32, next: (i) => bearers[i % ACTIVE] ?? null }),
    one('refresh', {
      connections: FEW,
      next: () => fromPage('POST', '/api/auth/token-refresh', {}, { refreshToken: refreshTokens.shift() ?? '' }),
      onReply: ({ body }) => void refreshTokens.push((JSON.parse(body) as Tokens).refreshToken)
    }),
    one('login', { connections: FEW, next: () => loginRequest(anyone(), logins++) })
  ]
}

/** What calls cost among many users, against the same among few: CPU time and the slowest hundredth. */
export async function comparePopulations(small: Store, large: Store, few: number, many: number, rounds: number) {
  const start = (store: Store, users: number) => async (): Promise<Running> => {
    const service = await startPopulated(store, users)
    return { cases: await callsOf(service, users), stop: service.stop }
  }
  const sameOf = (one: Case, others: Case[]) => others.find(({ name }) => name === one.name) as Case
  const pace = { starts: 1, rounds, burstMs: 1000, warmUpMs: 4000 }
  const results = await compare(start(small, few), start(large, many), sameOf, pace)
  return results.map(({ name, baselineUs, cpuUs, ratio, baselineP99Ms, p99Ms }) => ({
    database: small.name,
    call: name,
    'few µs': baselineUs,
    'many µs': cpuUs,
    ...{ ratio: ratio.median, low: ratio.low, high: ratio.high },
    'few p99 ms': baselineP99Ms,
    'many p99 ms': p99Ms,
    'p99 ratio': round(p99Ms / baselineP99Ms)
  }))
}
