import t, { type Test } from 'tap'
import {
  type Allowed,
  type Attempt,
  createLimits,
  type Limits,
  type Refusal
} from '../../../../src/plugins/identity/throttle/limits.ts'
import { createMemoryCounter } from '../../../../src/plugins/identity/throttle/memory.ts'
import { redisReplicas } from './redis.ts'

const numbers = { pair: 5, address: 12, account: 12 }
const keysOf = (account: string, network: string) => ({ network, account, pair: `${account}:${network}` })
const isRefused = (result: Attempt | Refusal): result is Refusal => 'by' in result
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The limits of two replicas: in memory they are one process. Each test has keys of its own. */
export type Replicas = {
  name: string
  skip: string | false
  replicas(t: Test, allowed: Allowed): Promise<readonly [Limits, Limits]>
}
const inMemory: Replicas = {
  name: 'memory',
  skip: false,
  async replicas(_t, allowed) {
    const limits = createLimits((_name, seconds) => createMemoryCounter(seconds), allowed)
    return [limits, limits]
  }
}
const stores = [
  inMemory, // one process
  redisReplicas // of redis.ts
]

for (const store of stores) {
  t.test(`the counters of failed attempts in ${store.name}`, { skip: store.skip }, async (t) => {
    async function fail(limits: ReturnType<typeof createLimits>, account: string, network: string, times: number) {
      const results = []
      for (let i = 0; i < times; i++) results.push(await limits.begin(keysOf(account, network), true))
      return results.map((result) => (isRefused(result) ? result.by : 'let through'))
    }

    t.test(
      'ASVS 6.1.1, 6.3.1: let five through for an account and address, then one at a time with delays that double',
      async (t) => {
        const [one, two] = await store.replicas(t, numbers)
        const through = Array.from({ length: 5 }, () => 'let through')
        t.strictSame(await fail(one, 'ada', 'here', 5), through)
        const refused = await two.begin(keysOf('ada', 'here'), true)
        t.match(refused, { by: 'account-address', isFirst: true })
        if (isRefused(refused)) t.ok(refused.waitMs > 0 && refused.waitMs <= 1000, `${refused.waitMs} ms`)
        t.match(await one.begin(keysOf('ada', 'here'), true), { by: 'account-address', isFirst: false })
        t.strictSame(await fail(one, 'ada', 'there', 1), ['let through'], 'another address')
        t.strictSame(await fail(one, 'eve', 'here', 1), ['let through'], 'another account')

        await sleep(1050)
        t.strictSame(await fail(two, 'ada', 'here', 2), ['let through', 'account-address'], 'one after the delay')
        const longer = await one.begin(keysOf('ada', 'here'), true)
        if (isRefused(longer)) t.ok(longer.waitMs > 1000 && longer.waitMs <= 2000, `${longer.waitMs} ms: twice as long`)
        else t.fail('it is refused')
      }
    )

    t.test('ASVS 15.4.2: never let too many through, however many arrive at once', async (t) => {
      const replicas = await store.replicas(t, numbers)
      const attempts = Array.from({ length: 50 }, (_, i) => replicas[i % 2 ? 0 : 1].begin(keysOf('ada', `${i}`), true))
      const results = await Promise.all(attempts)
      t.equal(results.filter((result) => !isRefused(result)).length, 12, 'by account')
      const others = await store.replicas(t, numbers)
      const same = Array.from({ length: 50 }, (_, i) => others[i % 2 ? 0 : 1].begin(keysOf('ada', 'here'), false))
      const let5 = (await Promise.all(same)).filter((result) => !isRefused(result)).length
      t.ok(let5 >= 1 && let5 <= 5, `${let5} by account and address`)
    })

    t.test('count an address and an account separately', async (t) => {
      const [one] = await store.replicas(t, numbers)
      for (let i = 0; i < 12; i++) t.strictSame(await fail(one, `user ${i}`, 'here', 1), ['let through'])
      t.match(await one.begin(keysOf('user 12', 'here'), true), { by: 'address', isFirst: true })
      t.match(await one.begin(keysOf('user 13', 'here'), true), { by: 'address', isFirst: false })
      for (let i = 0; i < 12; i++) t.strictSame(await fail(one, 'ada', `from ${i}`, 1), ['let through'])
      t.match(await one.begin(keysOf('ada', 'from 12'), true), { by: 'account', isFirst: true })
      t.match(await one.begin(keysOf('ada', 'from 12'), false), { succeed: Function }, 'not where it does not count')
    })

    t.test('clear the failures of an account and address on success, and no others', async (t) => {
      const [one] = await store.replicas(t, numbers)
      await fail(one, 'ada', 'here', 4)
      const attempt = await one.begin(keysOf('ada', 'here'), true)
      if (isRefused(attempt)) return t.fail('the fifth is let through')
      await attempt.succeed()
      t.equal((await fail(one, 'ada', 'here', 5)).filter((what) => what === 'let through').length, 5)
      for (let i = 0; i < 3; i++) t.strictSame(await fail(one, 'ada', `from ${i}`, 1), ['let through'])
      t.strictSame(await fail(one, 'ada', 'from 3', 1), ['account'], 'nine failures of the account, one success')
    })

    t.test('refund a canceled attempt', async (t) => {
      const [one] = await store.replicas(t, numbers)
      for (let i = 0; i < 30; i++) {
        const attempt = await one.begin(keysOf('ada', 'here'), true)
        if (isRefused(attempt)) return t.fail(`attempt ${i} is let through`)
        await attempt.cancel()
      }
      t.equal((await fail(one, 'ada', 'here', 5)).filter((what) => what === 'let through').length, 5)
      await sleep(1050)
      const attempt = await one.begin(keysOf('ada', 'here'), true)
      if (isRefused(attempt)) return t.fail('it is let through after the delay')
      await attempt.cancel()
      t.strictSame(await fail(one, 'ada', 'here', 2), ['let through', 'account-address'], 'nor is the delay longer')
    })

    t.test('do not count what they refuse', async (t) => {
      const [one] = await store.replicas(t, numbers)
      await fail(one, 'ada', 'here', 5)
      const refused = await fail(one, 'ada', 'here', 40)
      t.strictSame(new Set(refused), new Set(['account-address']))
      t.equal((await fail(one, 'ada', 'there', 5)).filter((what) => what === 'let through').length, 5)
      t.equal((await fail(one, 'eve', 'here', 5)).filter((what) => what === 'let through').length, 5)
    })
  })
}
