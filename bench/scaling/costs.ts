import { openClient, type Reply } from '../client.ts'
import type { Case } from '../compare.ts'
import { round } from '../figures.ts'
import { fromPage, PASSWORD, type Service } from '../service.ts'
import type { Store } from './databases.ts'
import { type Call, calls as names, ratesOf } from './habits.ts'
import { pick } from './pick.ts'
import { callsOf } from './population.ts'

/** What one call takes of each part, and how many a second one replica gives to those who ask as fast as they can. */
export type Cost = {
  call: Call
  'calls/s': number
  'service µs': number
  'SQL µs': number
  'Redis µs': number
  'WAL bytes': number
}

/** All calls of the mix. */
export async function allCalls(service: Service, users: number): Promise<Case[]> {
  const { accessToken } = await service.logIn('ada', 'token')
  const bytes = fromPage('GET', '/api/auth/whoami', { authorization: `Bearer ${accessToken}` })
  let signUps = 0
  const run = Date.now().toString(36)
  const signUp = () => {
    const username = `new${run}.${signUps++}`
    const body = { username, email: `${username}@example.com`, name: 'A user', password: PASSWORD }
    return fromPage(
      'POST',
      '/api/auth/signup',
      { 'x-forwarded-for': `10.9.${(signUps >> 6) & 255}.${signUps & 63}` },
      body
    )
  }
  return [
    { subject: '', name: 'whoami by bearer', server: service, bytes },
    ...(await callsOf(service, users)),
    { subject: '', name: 'sign-up', server: service, bytes, load: { connections: 4, next: signUp } }
  ]
}

/** What everybody used while `work` made some calls; gives it for each of them. */
async function measure(store: Store, service: Service, work: () => Promise<{ requests: number; seconds: number }>) {
  const [own, other] = [await service.usage(), await store.usage()]
  const { requests, seconds } = await work()
  const [ownAfter, otherAfter] = [await service.usage(), await store.usage()]
  return {
    'calls/s': Math.round(requests / seconds),
    'service µs': round((ownAfter.cpuUs - own.cpuUs) / requests, 1),
    'SQL µs': round((otherAfter.cpuUs - other.cpuUs) / requests, 1),
    'Redis µs': round((otherAfter.redisUs - other.redisUs) / requests, 1),
    'WAL bytes': Math.round((otherAfter.walBytes - other.walBytes) / requests)
  }
}

/** CPU time of the service, of SQL and of Redis for each call, by as many at once as keep the service busy. */
export async function measureCosts(store: Store, service: Service, calls: Case[], forMs: number): Promise<Cost[]> {
  const costs: Cost[] = []
  for (const { name, bytes, load } of calls) {
    const client = await openClient(service.port, load?.connections ?? 32)
    const run = (ms: number) => client.run({ next: () => bytes, ...load, statuses: [200, 201], forMs: ms })
    await run(forMs / 2)
    costs.push({ call: name as Call, ...(await measure(store, service, () => run(forMs))) })
    client.close()
  }
  return costs
}

/** The same of calls as users mix them: what the sum of their costs is compared with. */
export async function measureMix(store: Store, service: Service, calls: Case[], users: number, forMs: number) {
  const rates = ratesOf(users)
  const total = names.reduce((sum, name) => sum + rates[name], 0)
  const asked = new Map<number, Case>()
  function next(i: number) {
    const chosen = pick(rates, total)
    const call = calls.find(({ name }) => name === chosen) as Case
    asked.set(i, call)
    return call.load?.next(i) ?? call.bytes
  }
  function onReply(reply: Reply, i: number) {
    asked.get(i)?.load?.onReply?.(reply, i)
    asked.delete(i)
  }
  const client = await openClient(service.port, 48)
  const run = (ms: number) => client.run({ next, onReply, statuses: [200, 201], forMs: ms })
  await run(forMs / 4)
  const mix = await measure(store, service, () => run(forMs))
  client.close()
  return mix
}
