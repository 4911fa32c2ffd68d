import t from 'tap'
import { newCode, newSecret } from '../../../../src/plugins/identity/tickets/codes.ts'

t.test('codes are eight Crockford characters in two groups, evenly distributed', async (t) => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 4000; i++) {
    const code = newCode()
    if (!/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/.test(code)) t.fail(code)
    for (const letter of code.replace('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }
  t.equal(counts.size, 32)
  // 1000 of each are expected; six standard deviations are about 190.
  for (const [letter, count] of counts) t.ok(Math.abs(count - 1000) < 200, `${letter}: ${count}`)
})

t.test('no secret comes twice', async (t) => {
  t.equal(new Set(Array.from({ length: 1000 }, newSecret)).size, 1000)
})
