import t from 'tap'
import { createRecent } from '../../../../src/plugins/platform/logging/recent.ts'

t.test('remembers at least as many as it shall, and never twice as many and one', async (t) => {
  const recent = createRecent<{ i: number }>(10)
  for (let i = 0; i < 100; i++) {
    recent.set(`${i}`, { i })
    for (let j = Math.max(0, i - 9); j <= i; j++) t.strictSame(recent.get(`${j}`), { i: j })
  }
  const known = Array.from({ length: 100 }, (_, i) => recent.get(`${i}`)).filter((value) => value !== undefined)
  t.ok(known.length >= 10 && known.length <= 20, `${known.length} are known`)
  t.equal(recent.get('constructor'), undefined)
})

t.test('keeps what is asked for again', async (t) => {
  const recent = createRecent<{ i: number }>(10)
  const first = { i: 0 }
  recent.set('first', first)
  for (let i = 1; i < 100; i++) {
    recent.set(`${i}`, { i })
    t.equal(recent.get('first'), first)
  }
  for (let i = 100; i < 120; i++) recent.set(`${i}`, { i })
  t.equal(recent.get('first'), undefined, 'and forgets what is not')
})
