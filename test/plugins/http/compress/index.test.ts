import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, logIn, PASSWORD, transports } from '../../../build.ts'

const CODINGS = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }
const ANY = 'zstd, br, gzip, deflate'

/** A login with a list of items that is longer than 1 KiB. */
async function withItems(app: FastifyInstance) {
  const { headers } = await logIn(app, 'ada')
  const payload = { title: 'long', text: 'x'.repeat(5000) }
  await app.inject({ method: 'POST', url: '/api/probe', headers, payload })
  return headers
}

for (const [coding, decompress] of Object.entries(CODINGS)) {
  t.test(`a reply over 1 KiB is compressed with ${coding} if the client accepts it`, async (t) => {
    const app = await build(t)
    const headers = await withItems(app)
    const plain = await app.inject({ method: 'GET', url: '/api/probe', headers })
    const packed = await app.inject({
      method: 'GET',
      url: '/api/probe',
      headers: { ...headers, 'accept-encoding': coding }
    })
    t.equal(packed.statusCode, 200)
    t.equal(packed.headers['content-encoding'], coding)
    t.equal(packed.headers['vary'], 'accept-encoding')
    t.ok(packed.rawPayload.length < plain.rawPayload.length / 2)
    t.equal(decompress(packed.rawPayload).toString(), plain.body)
  })
}

t.test('an uncompressed reply also varies on Accept-Encoding', async (t) => {
  const app = await build(t)
  const headers = await withItems(app)
  for (const encoding of [undefined, 'identity', 'unknown']) {
    const asked = encoding === undefined ? {} : { 'accept-encoding': encoding }
    const reply = await app.inject({ method: 'GET', url: '/api/probe', headers: { ...headers, ...asked } })
    t.equal(reply.statusCode, 200, `${encoding}`)
    t.equal(reply.headers['content-encoding'], undefined)
    t.equal(reply.headers['vary'], 'accept-encoding')
  }
})

t.test('a reply that varies on Accept-Encoding also varies on Origin', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: 'https://app.example' })
  const headers = await withItems(app)
  for (const origin of [{}, { origin: 'https://app.example' }, { origin: 'https://evil.example' }]) {
    for (const asked of [{}, { 'accept-encoding': 'br' }]) {
      const all = { ...headers, ...origin, ...asked }
      const reply = await app.inject({ method: 'GET', url: '/api/probe', headers: all })
      t.equal(reply.headers['vary'], 'Origin, accept-encoding')
    }
  }
})

t.test('a short reply is not compressed', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'GET', url: '/api/auth', headers: { 'accept-encoding': ANY } })
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-encoding'], undefined)
})

for (const { kind } of transports) {
  t.test(`replies to a login by ${kind} and to a refresh are never compressed`, async (t) => {
    // The name and, for tokens, the issuer make replies longer than 1 KiB.
    const app = await build(t, { JWT_ISSUER: 'i'.repeat(400) })
    const name = '名'.repeat(120)
    const user = { username: 'ada', email: `${'a'.repeat(240)}@example.com`, name, password: PASSWORD }
    const signUp = await app.inject({ method: 'POST', url: '/api/auth/signup', payload: user })
    t.equal(signUp.statusCode, 201)
    const headers = { 'accept-encoding': ANY }
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: kind }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/login', headers, payload })
    t.equal(reply.statusCode, 200)
    t.equal(reply.headers['content-encoding'], undefined)
    if (kind !== 'token') return
    t.ok(reply.rawPayload.length > 1024)
    const refresh = { refreshToken: reply.json().refreshToken }
    const refreshed = await app.inject({ method: 'POST', url: '/api/auth/token-refresh', headers, payload: refresh })
    t.equal(refreshed.statusCode, 200)
    t.ok(refreshed.rawPayload.length > 1024)
    t.equal(refreshed.headers['content-encoding'], undefined)
  })
}
