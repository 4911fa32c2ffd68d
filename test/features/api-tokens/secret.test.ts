import t from 'tap'
import { isToken, newToken } from '../../../src/features/api-tokens/secret.ts'

t.test('an API token is a prefix, 32 random bytes, and a checksum', async (t) => {
  const tokens = Array.from({ length: 100 }, newToken)
  t.equal(new Set(tokens).size, 100)
  for (const token of tokens) {
    t.match(token, /^pat_[\w-]{43}[\w-]{6}$/)
    t.ok(isToken(token))
  }
})

t.test('a text with a typing error is no API token', async (t) => {
  const token = newToken()
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === 'A' ? 'B' : 'A'
    t.notOk(isToken(token.slice(0, i) + other + token.slice(i + 1)), `character ${i}`)
  }
  for (const text of ['', 'pat_', token.slice(0, -1), `${token}A`, ` ${token}`, `${token}\n`, token.toUpperCase()])
    t.notOk(isToken(text), JSON.stringify(text))
})
