import t from 'tap'
import { createKeys } from '../../../../src/plugins/identity/throttle/keys.ts'

const { keysOf, nameHash } = createKeys('a secret')
const unknown = (name: string, network = '192.0.2.1') => keysOf({ userId: null, name }, network)

t.test('a user counts by id, whatever name was typed', async (t) => {
  const keys = keysOf({ userId: 'an id', name: 'ada' }, '192.0.2.1')
  t.strictSame(keys, { network: '192.0.2.1', account: 'an id', pair: 'an id:192.0.2.1' })
})

t.test('an unknown name counts the same in all spellings, and separately for each network', async (t) => {
  t.strictSame(unknown('Ａda'), unknown('ada'))
  t.strictSame(unknown('Eve@Example.COM'), unknown('eve@example.com'))
  t.equal(unknown('ada', '192.0.2.2').account, unknown('ada').account)
  t.not(unknown('ada', '192.0.2.2').pair, unknown('ada').pair)
  t.not(createKeys('another').keysOf({ userId: null, name: 'ada' }, '192.0.2.1').pair, unknown('ada').pair)
  t.equal(nameHash('ADA'), nameHash('ada'))
  t.equal(nameHash('ada').length, 22)
})

t.test('made-up names share a bounded number of keys evenly', async (t) => {
  const accounts = new Map<string, number>()
  const pairs = new Set<string>()
  const names = 100_000
  for (let i = 0; i < names; i++) {
    const { account, pair } = unknown(`name${i}`)
    accounts.set(account, (accounts.get(account) ?? 0) + 1)
    pairs.add(pair)
  }
  /** How many of `keys` equally likely keys so many names are expected to use, less five percent. */
  const expected = (keys: number) => 0.95 * keys * (1 - Math.exp(-names / keys))
  t.ok(accounts.size <= 2 ** 16 && accounts.size > expected(2 ** 16), `${accounts.size} accounts`)
  t.ok(Math.max(...accounts.values()) < 12, 'no account is near its limit by chance')
  const numbers = [...pairs].map((pair) => Number(pair.replace('unknown-', '')))
  t.ok(numbers.every((number) => number >= 0 && number < 2 ** 20))
  t.ok(pairs.size > expected(2 ** 20), `${pairs.size} pairs`)
})
