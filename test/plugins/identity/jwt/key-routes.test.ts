import { createHash, createPublicKey, verify } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, buildWithLog, logIn } from '../../../build.ts'
import { takeApart } from './forge.ts'
import { algorithms, ecPem, edPem } from './pem.ts'
import { token } from './transport.ts'

const PATH = '/.well-known/jwks.json'
type Jwk = Record<'kty' | 'crv' | 'x' | 'y' | 'kid' | 'alg' | 'use', string>
const keysOf = async (app: FastifyInstance) =>
  (await app.inject({ method: 'GET', url: PATH })).json<{ keys: Jwk[] }>().keys

for (const { alg, pem } of algorithms) {
  t.test(`ASVS 9.1.3: another service can verify ${alg} access tokens with only the published keys`, async (t) => {
    const [first, second] = [pem(), pem()]
    const app = await build(t, { JWT_PRIVATE_KEY: `${first}${second}` })
    const { body } = await logIn(app, 'ada', token)
    const [head, claims, signature = ''] = (body['accessToken'] ?? '').split('.')
    const { header } = takeApart(body['accessToken'] ?? '')

    const keys = await keysOf(app)
    t.equal(keys.length, 2)
    const jwk = keys.find(({ kid }) => kid === header['kid'])
    t.equal(jwk, keys[0], 'the first signs')
    t.strictSame(header, { alg, typ: 'at+jwt', kid: jwk?.kid })
    const isOurs = (key: Jwk | undefined) => {
      const publicKey = createPublicKey({ key: key as Jwk, format: 'jwk' })
      const hash = alg === 'ES256' ? 'sha256' : null
      const bytes = Buffer.from(signature, 'base64url')
      return verify(hash, Buffer.from(`${head}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)
    }
    t.equal(isOurs(keys[0]), true)
    t.equal(isOurs(keys[1]), false)
    t.strictSame(
      keys.map((key) => createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' })),
      [first, second].map((text) => createPublicKey(text).export({ type: 'spki', format: 'pem' }))
    )
  })

  t.test(
    `ASVS 13.3.1: only the public members of a key for ${alg} are published, and nothing of secrets`,
    async (t) => {
      const { app, lines } = await buildWithLog(t, { JWT_PRIVATE_KEY: pem(), API_DOCS: 'true', LOG_LEVEL: 'trace' })
      const reply = await app.inject({ method: 'GET', url: PATH })
      t.equal(reply.statusCode, 200)
      t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
      t.equal(reply.headers['cache-control'], 'public, max-age=300')
      t.strictSame(Object.keys(reply.json()), ['keys'])
      for (const { kid, alg: named, use, ...members } of reply.json<{ keys: Jwk[] }>().keys) {
        const expected = alg === 'ES256' ? { kty: 'EC', crv: 'P-256' } : { kty: 'OKP', crv: 'Ed25519' }
        const coordinates = alg === 'ES256' ? ['x', 'y'] : ['x']
        t.match(members, expected)
        t.strictSame(Object.keys(members).sort(), ['crv', 'kty', ...coordinates])
        t.strictSame([named, use], [alg, 'sig'])
        // RFC 7638: the members are sorted by name.
        const sorted = JSON.stringify(Object.fromEntries(Object.entries(members).sort()))
        t.equal(kid, createHash('sha256').update(sorted).digest('base64url'))
      }
      const document = await app.inject({ method: 'GET', url: '/docs/json' })
      t.match(document.json().paths[PATH].get, { tags: ['auth'], responses: { 200: {} } })
      t.notMatch(JSON.stringify(lines), 'PRIVATE KEY')
    }
  )
}

t.test('the keys are served by a route like any other', async (t) => {
  const app = await build(t, { JWT_PRIVATE_KEY: edPem() })
  const head = await app.inject({ method: 'HEAD', url: PATH })
  t.equal(head.statusCode, 200)
  const options = await app.inject({ method: 'OPTIONS', url: PATH })
  t.equal(`${options.statusCode} ${options.headers['allow']}`, '204 GET, HEAD, OPTIONS')
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    const reply = await app.inject({ method, url: PATH })
    t.equal(`${reply.statusCode} ${reply.json().code}`, '405 METHOD_NOT_ALLOWED')
    t.equal(reply.headers['allow'], 'GET, HEAD, OPTIONS')
  }
  for (const url of [`${PATH}/`, '/.well-known/jwks', `/api${PATH}`, '/.well-known/openid-configuration']) {
    t.equal((await app.inject({ method: 'GET', url })).json().code, 'NOT_FOUND', url)
  }
})

t.test('ASVS 13.3.1: without JWT_PRIVATE_KEY nothing is published, and the reference says so', async (t) => {
  const app = await build(t, { API_DOCS: 'true' })
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'] as const) {
    const reply = await app.inject({ method, url: PATH })
    t.equal(reply.statusCode, 404, method)
    if (method !== 'HEAD') t.equal(reply.json().code, 'NOT_FOUND')
    t.equal(reply.headers['cache-control'], 'no-store')
  }
  const document = await app.inject({ method: 'GET', url: '/docs/json' })
  t.equal(document.json().paths[PATH], undefined)
})

t.test('replicas and restarts publish the same keys', async (t) => {
  const environment = { JWT_PRIVATE_KEY: `${ecPem()}${ecPem()}` }
  const [one, other] = [await build(t, environment), await build(t, environment)]
  t.strictSame(await keysOf(one), await keysOf(other))
})
