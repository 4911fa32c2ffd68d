import { parseArgs } from 'node:util'
import { quantile, round } from './figures.ts'
import { print, printTable } from './print.ts'

// npm run load -- --url https://api.example.com --rate 50 --seconds 30 [--clients 10]
// Sends a steady, bounded mix of calls to a deployed service. It creates its own accounts and deletes them at the end. Its
// requests count toward RATE_LIMIT_MAX like any others.

const MOST = { rate: 1000, seconds: 300, clients: 100 }
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '30' },
    clients: { type: 'string', default: '4' }
  }
})

function bounded(name: keyof typeof MOST) {
  const value = Number(values[name])
  if (value >= 1 && value <= MOST[name]) return value
  print(`--${name} must be a number from 1 to ${MOST[name]}`)
  process.exit(2)
}
const [rate, seconds, clients] = [bounded('rate'), bounded('seconds'), bounded('clients')]
if (values.url === undefined || !URL.canParse(values.url)) {
  print('Usage: npm run load -- --url https://api.example.com [--rate 10] [--seconds 30] [--clients 4]')
  process.exit(2)
}
const base = new URL(values.url).origin

type Outcome = { call: string; status: number; ms: number }
const outcomes: Outcome[] = []

async function call(name: string, method: string, path: string, headers: Record<string, string> = {}, body?: object) {
  const start = performance.now()
  const json = body && { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  try {
    const signal = AbortSignal.timeout(30_000)
    const reply = await fetch(base + path, { method, headers, signal, ...json })
    const text = await reply.text()
    outcomes.push({ call: name, status: reply.status, ms: performance.now() - start })
    const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { status: reply.status, cookie, members: reply.ok && text ? JSON.parse(text) : {} }
  } catch {
    // No reply: connection refused, reset, or timed out.
    outcomes.push({ call: name, status: 0, ms: performance.now() - start })
    return { status: 0, cookie: '', members: {} }
  }
}

/** An account with a session of each transport, and its mix of calls: many checks, a few refreshes and logins. */
async function createClient(i: number) {
  const username = `load.${Date.now().toString(36)}.${i}`
  const password = `${crypto.randomUUID()} as a password`
  const account = { username, email: `${username}@example.com`, name: 'Load test', password }
  const credentials = { usernameOrEmail: username, password }
  const logIn = (authType: string) =>
    call(`login by ${authType}`, 'POST', '/api/auth/login', {}, { ...credentials, authType })

  const { status } = await call('sign-up', 'POST', '/api/auth/signup', {}, account)
  if (status !== 201) return null
  let { members: tokens } = await logIn('token')
  const { cookie } = await logIn('cookie')
  const bearer = () => ({ authorization: `Bearer ${tokens.accessToken}` })
  const refresh = async () => {
    const body = { refreshToken: tokens.refreshToken }
    const { status, members } = await call('refresh', 'POST', '/api/auth/token-refresh', {}, body)
    if (status === 200) tokens = members
  }
  const mix = [
    ...Array(8).fill(() => call('whoami by bearer', 'GET', '/api/auth/whoami', bearer())),
    ...Array(6).fill(() => call('whoami by cookie', 'GET', '/api/auth/whoami', { cookie })),
    ...Array(4).fill(() => call('users/me by bearer', 'GET', '/api/users/me', bearer())),
    refresh,
    () => logIn('token')
  ] as (() => Promise<unknown>)[]
  return {
    ask: () => mix[Math.floor(Math.random() * mix.length)]?.(),
    // Deleting an account requires a recent login.
    async leave() {
      const { members } = await logIn('token')
      await call('delete account', 'DELETE', '/api/users/me', { authorization: `Bearer ${members.accessToken}` })
    }
  }
}

const made = await Promise.all(Array.from({ length: clients }, (_, i) => createClient(i)))
const all = made.filter((client) => client !== null)
const begin = performance.now()
const asked: Promise<unknown>[] = []
if (all.length > 0) {
  for (let i = 0; i < rate * seconds; i++) {
    const dueMs = (i * 1000) / rate - (performance.now() - begin)
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
    asked.push(Promise.resolve(all[i % all.length]?.ask()))
  }
}
await Promise.all(asked)
const tookS = (performance.now() - begin) / 1000
for (const client of all) await client.leave()

const names = [...new Set(outcomes.map((outcome) => outcome.call))]
const isGood = ({ status }: Outcome) => status >= 200 && status < 300
printTable(
  names.map((name) => {
    const own = outcomes.filter((outcome) => outcome.call === name)
    const [p50, p99, longest] = [0.5, 0.99, 1].map((part) =>
      round(
        quantile(
          own.filter(isGood).map(({ ms }) => ms),
          part
        ),
        1
      )
    )
    const failed = own.filter((outcome) => !isGood(outcome))
    const statuses = [...new Set(failed.map(({ status }) => status || 'no reply'))].join(' ')
    const times = { 'p50 ms': p50 ?? 0, 'p99 ms': p99 ?? 0, 'longest ms': longest ?? 0 }
    return { call: name, calls: own.length, failed: failed.length, 'failed as': statuses, ...times }
  })
)
print(
  `${asked.length} calls in ${tookS.toFixed(1)} s by ${all.length} of ${clients} clients, at a target of ${rate} per second`
)
process.exit(outcomes.every(isGood) ? 0 : 1)
