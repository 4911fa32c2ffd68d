import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Case, compare, type Running } from './compare.ts'
import { round } from './figures.ts'
import { print, printTable } from './print.ts'
import { pinSelf, SERVER_CORE } from './process.ts'
import { fromPage, startService } from './service.ts'
import { startBare } from './subjects.ts'

// npm run bench:parts: what each part costs a request, measured by leaving one out at a time.

const { values } = parseArgs({ options: { starts: { type: 'string', default: '3' } } })
const pace = { starts: +values.starts, rounds: 7, burstMs: 300, warmUpMs: 3000 }
const WITHOUT = ['--import', join(import.meta.dirname, 'subjects/without.ts')]
const PARTS: Record<string, Record<string, string>> = {
  'request log': { WITHOUT: 'logging' },
  'security headers': { WITHOUT: 'headers' },
  cors: { CORS_API_ORIGINS: '' },
  compress: { WITHOUT: 'compress' },
  'rate-limit': { WITHOUT: 'rate-limit' },
  'client address (TRUST_PROXY)': { TRUST_PROXY: '' },
  input: { WITHOUT: 'input' },
  'session, for a bearer': { WITHOUT: 'session' },
  health: { WITHOUT: 'health' },
  'all of these': {
    ...{ WITHOUT: 'logging,headers,compress,rate-limit,input,session,health', CORS_API_ORIGINS: '' },
    TRUST_PROXY: ''
  }
}

async function start(subject: string, env: Record<string, string>): Promise<Running> {
  const service = await startService(env, SERVER_CORE, WITHOUT)
  await service.signUp('ada')
  const { accessToken } = await service.logIn('ada', 'token')
  const bytes = fromPage('GET', '/api/auth/whoami', { authorization: `Bearer ${accessToken}` })
  return { cases: [{ subject, name: 'whoami by bearer', server: service, bytes }], stop: service.stop }
}
async function startBareWhoami(): Promise<Running> {
  const { cases, stop } = await startBare()
  return { cases: cases.slice(0, 1), stop }
}

pinSelf()
const rows = []
const subjects: Record<string, () => Promise<Running>> = Object.fromEntries(
  Object.entries(PARTS).map(([name, env]) => [name, () => start(name, env)])
)
for (const [name, subject] of Object.entries({ ...subjects, 'all but bare Fastify': startBareWhoami })) {
  const whole = () => start('all parts', {})
  const [found] = await compare(whole, subject, (_, [baseline]) => baseline as Case, pace)
  if (!found) continue
  const { median, low, high } = found.ratio
  const percent = (ratio: number) => round(100 * (1 - ratio), 0)
  const us = round(found.baselineUs * (1 - median), 1)
  rows.push({ 'left out': name, 'µs less': us, '% less': percent(median), from: percent(high), to: percent(low) })
}
print('whoami by bearer, CPU of the server')
printTable(rows)
