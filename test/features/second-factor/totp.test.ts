import t from 'tap'
import { createEncryption } from '../../../src/features/second-factor/encryption.ts'
import { loadTotp } from '../../../src/features/second-factor/totp.ts'
import { afterFailure, noFailures, waitMs } from '../../../src/features/second-factor/tries.ts'
import { randomKey } from '../../build.ts'

/** RFC 6238, Appendix B, for SHA-1; of the eight digits, an app shows the last six. */
const VECTORS: [seconds: number, code: string][] = [
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130']
]
/** `12345678901234567890` in base32. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

t.test('ASVS 6.5.5: codes are those of RFC 6238, one step early or late', async (t) => {
  const totp = await loadTotp()
  for (const [seconds, digits] of VECTORS) {
    const step = Math.floor(seconds / 30)
    const at = (late: number) => totp.findStep(SECRET, digits.slice(2), new Date((step * 30 + late) * 1000))
    t.equal(totp.findStep(SECRET, digits.slice(2), new Date(seconds * 1000)), step)
    t.equal(at(-1), step, 'a step early')
    t.equal(at(59), step, 'a step late')
    t.equal(at(60), null)
    t.equal(at(-31), null)
  }
  t.equal(totp.findStep(SECRET, ' 287 082', new Date(59_000)), 1, 'spaces are for people')
  for (const odd of ['', '28708', '2870820', '28708a', '２８７０８２', 'x'.repeat(64)])
    t.equal(totp.findStep(SECRET, odd, new Date(59_000)), null, odd)
})

t.test('ASVS 11.3.2, 13.3.4: secrets are encrypted, bound to their owner, and keys rotate', async (t) => {
  const [old, next] = [randomKey(), randomKey()]
  const before = createEncryption([old], 'test')
  const text = before.encrypt('a secret', 'ada')
  t.not(before.encrypt('a secret', 'ada'), text, 'each time another one')
  t.equal(before.decrypt(text, 'ada'), 'a secret')
  t.equal(before.decrypt(text, 'eve'), null, 'it does not decrypt in the row of another user')
  const flipped = Buffer.from(text, 'base64url')
  flipped[14] = (flipped[14] ?? 0) ^ 1
  t.equal(before.decrypt(flipped.toString('base64url'), 'ada'), null, 'nor when it was changed')
  const both = createEncryption([next, old], 'test')
  t.equal(both.decrypt(text, 'ada'), 'a secret')
  const renewed = createEncryption([next], 'test')
  t.equal(renewed.decrypt(both.encrypt('a secret', 'ada'), 'ada'), 'a secret', 'the first key encrypts')
  t.equal(renewed.decrypt(text, 'ada'), null)
})

t.test('wrong codes: five are free, then the wait doubles, ten an hour', async (t) => {
  const start = new Date('2026-03-01T12:00:00.000Z')
  let counted = noFailures(start)
  let now = start
  const waits: number[] = []
  for (let i = 0; i < 10; i++) {
    counted = afterFailure(counted, now)
    waits.push((counted.nextTryAt.getTime() - now.getTime()) / 1000)
    now = counted.nextTryAt
  }
  t.strictSame(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32])
  t.equal(waitMs(counted, now), start.getTime() + 3_600_000 - now.getTime(), 'the rest of the hour')
  const later = new Date(start.getTime() + 3_600_000)
  t.equal(waitMs(counted, later), 0)
  t.match(afterFailure(counted, later), { failures: 11, failuresInHour: 1 })
  t.equal((afterFailure({ ...counted, failures: 90 }, later).nextTryAt.getTime() - later.getTime()) / 1000, 900)
})
