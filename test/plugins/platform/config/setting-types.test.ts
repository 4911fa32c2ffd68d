import t from 'tap'
import { secrets } from '../../../../src/plugins/platform/config/secrets.ts'
import {
  choice,
  duration,
  flag,
  integer,
  list,
  type SettingType,
  size,
  text
} from '../../../../src/plugins/platform/config/setting-types.ts'

/** The value of a setting of this type; undefined if the text is refused. */
function read(type: SettingType<unknown>, input: string) {
  return type.parse(input)
}

const numberOf = (type: SettingType<unknown>) => (input: string) => read(type, input)

t.test('a duration is a number of seconds or has a unit', async (t) => {
  const seconds = numberOf(duration('1s'))
  const rows = { '1': 1, '90': 90, '90s': 90, '15m': 900, '12h': 43_200, '30d': 2_592_000, '3650d': 315_360_000 }
  for (const [input, value] of Object.entries(rows)) t.equal(seconds(input), value, input)
  const refused = ['0', '0s', '-1', '1.5h', '1e3', '0x10', '10 m', '15M', '1w', 'm', '3651d', '9999999999', 'Infinity']
  for (const input of refused) t.equal(seconds(input), undefined, `${input} is refused`)
  t.equal(read(duration('0s', 0), '0'), 0, 'zero, where the setting allows it')
})

t.test('a size is a number of bytes or has a unit', async (t) => {
  const bytes = numberOf(size('1MiB', '1024GiB'))
  const rows = { '1': 1, '65536': 65_536, '512KiB': 524_288, '25MiB': 26_214_400, '1 GiB': 2 ** 30, '1024GiB': 2 ** 40 }
  for (const [input, value] of Object.entries(rows)) t.equal(bytes(input), value, input)
  for (const input of ['0', '-1', '1.5MiB', '1e3', '25MB', '25M', 'MiB', '1025GiB', '99999999999999', '1  GiB', ' 1'])
    t.equal(bytes(input), undefined, `${input} is refused`)
})

t.test('a whole number consists of decimal digits and is within its bounds', async (t) => {
  const value = numberOf(integer('8', 8, 256))
  t.equal(value('8'), 8)
  t.equal(value('256'), 256)
  for (const input of ['7', '257', '8.0', '+8', '-8', '1e2', '0x10', ' ', 'ten', '99999999999999']) {
    t.equal(value(input), undefined, `${input} is refused`)
  }
})

t.test('a flag is exactly true or false', async (t) => {
  t.equal(read(flag('true'), 'true'), true)
  t.equal(read(flag('true'), 'false'), false)
  for (const input of ['1', '0', 'yes', 'no', 'TRUE', 'on', 'constructor', '__proto__']) {
    t.equal(read(flag('true'), input), undefined, `${input} is refused`)
  }
})

t.test('a choice accepts only its words', async (t) => {
  const value = numberOf(choice(['lax', 'strict'], 'lax'))
  t.equal(value('strict'), 'strict')
  for (const input of ['Strict', 'none', 'lax,strict']) t.equal(value(input), undefined, `${input} is refused`)
})

t.test('a text must pass its test, and may be missing if its fallback is null', async (t) => {
  const isWord = (value: string) => /^\S+$/.test(value)
  t.equal(read(text('x', isWord, ''), 'word'), 'word')
  t.equal(read(text('x', isWord, ''), 'two words'), undefined)
  t.equal(read(text(null, isWord, ''), 'word'), 'word')
  t.equal(read(text(null, isWord, ''), 'two words'), undefined)
  t.equal(text(null, isWord, '').fallback, null)
})

t.test('a list is split at commas and trimmed, and one invalid item makes it invalid', async (t) => {
  const isShort = (item: string) => item.length < 4
  t.same(read(list(isShort, ''), ' a , bc,, d '), ['a', 'bc', 'd'])
  t.same(read(list(isShort, ''), ''), [])
  t.equal(read(list(isShort, ''), 'a,long one,b'), undefined)
})

t.test('a list of secrets keeps its order', async (t) => {
  const keys = ['N0cWq8sXb3Zr5tYv7LmKjHgFdSaPoIuE', 'Qz7xVb2nMk4lJh6gFd8sAp1oIu3yTr5e']
  t.same(read(secrets(), keys.join(',')), keys)
  t.same(read(secrets(), ` ${keys.join(' , ')} `), keys)
  t.equal(secrets().fallback, undefined, 'it has no default')
})
