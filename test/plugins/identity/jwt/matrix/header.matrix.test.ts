import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { encode, forge, forgeWith, kidOf } from '../forge.ts'
import { checkTable, forEachTarget, headed, KEY, OTHER_KEY, type Row, type Target } from './target.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const THEIR_KEY = 'a key that an attacker chose by himself'

function foreignKeys(target: Target, url: string): Row[] {
  const { header, claims } = target.parts
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: header['kid'] }
  const oct = { kty: 'oct', k: encode(THEIR_KEY), kid: header['kid'], alg: 'HS256' }
  const places = { jwk, jku: `${url}/jwks.json`, x5u: `${url}/cert.pem`, x5c: ['MIIB'], x5t: 'x', 'x5t#S256': 'x' }
  return [
    ...Object.entries(places).flatMap(([name, value]): Row[] => [
      [`${name} and RS256`, forgeWith({ ...header, alg: 'RS256', [name]: value }, claims, rsa.privateKey)],
      [`${name} and their secret`, headed(target, { [name]: value }, THEIR_KEY)],
      [`${name} without kid`, headed(target, { [name]: value, kid: undefined }, THEIR_KEY)],
      [`${name} beside our signature`, headed(target, { [name]: value }), null]
    ]),
    ['jwk with their secret', headed(target, { jwk: oct }, THEIR_KEY)],
    ['kid that is an address', headed(target, { kid: `${url}/key` }, THEIR_KEY)]
  ]
}

const kids = {
  'a path': '../../../dev/null',
  'an absolute path': '/proc/self/environ',
  SQL: "' union select 'a' -- ",
  '10 kB': 'x'.repeat(10_000),
  'an object': { a: 1 },
  'an object that compares': { $ne: null },
  'a list': [kidOf(KEY)],
  'with NUL': `${kidOf(KEY)}\0`,
  'NUL alone': '\0',
  null: null,
  true: true,
  'a number': 0,
  empty: '',
  unknown: 'x',
  'a member of every object': 'constructor',
  __proto__of: '__proto__',
  'in other case': kidOf(KEY) === kidOf(KEY).toLowerCase() ? kidOf(KEY).toUpperCase() : kidOf(KEY).toLowerCase(),
  longer: `${kidOf(KEY)}x`,
  shorter: kidOf(KEY).slice(0, -1),
  'the key itself': KEY,
  'with half a surrogate pair': '\ud800'
}

function keyIds(target: Target): Row[] {
  const { header, claims } = target.parts
  const { alg, typ, kid } = header
  const text = (json: string) => forge(json, claims, KEY)
  return [
    ...Object.entries(kids).flatMap(([what, value]): Row[] => [
      [`kid ${what} with our key`, headed(target, { kid: value })],
      [`kid ${what} with an empty key`, headed(target, { kid: value }, '')],
      [`kid ${what} with another key`, headed(target, { kid: value }, THEIR_KEY)]
    ]),
    ['kid of the other key', headed(target, { kid: kidOf(OTHER_KEY) })],
    ['signed with the other key', headed(target, {}, OTHER_KEY)],
    ['the other key and its kid', headed(target, { kid: kidOf(OTHER_KEY) }, OTHER_KEY), null],
    ['no kid, the first key', headed(target, { kid: undefined }), null],
    ['no kid, the other key', headed(target, { kid: undefined }, OTHER_KEY), null],
    ['no kid, another key', headed(target, { kid: undefined }, THEIR_KEY)],
    ['another order', forge({ kid, typ, alg }, claims, KEY), null],
    ['spaces in it', text(JSON.stringify(header, null, 2)), null],
    ['escapes in it', text(`{"\\u0061lg":"HS256","typ":"${typ}","kid":"${kid}"}`), null],
    ['of two kid the last counts', text(`{"alg":"HS256","typ":"${typ}","kid":"${kid}","kid":"x"}`)],
    ['of two kid the last is ours', text(`{"alg":"HS256","typ":"${typ}","kid":"x","kid":"${kid}"}`), null],
    ['kid of a prototype', text(`{"alg":"HS256","typ":"${typ}","__proto__":{"kid":"x"}}`), null],
    ['of two alg the last counts', text(`{"alg":"HS256","typ":"${typ}","kid":"${kid}","alg":"none"}`)],
    ['of two typ the last counts', text(`{"alg":"HS256","typ":"${typ}","kid":"${kid}","typ":"JWT"}`)]
  ]
}

function others(target: Target): Row[] {
  const { header, claims } = target.parts
  const otherTyp = target.kind === 'access' ? 'rt+jwt' : 'at+jwt'
  const notObjects = ['[]', 'null', '"text"', '5', 'true', '{', '', `[${JSON.stringify(header)}]`, '{}']
  return [
    ['crit unknown', headed(target, { crit: ['x'], x: 1 })],
    ['crit unknown and absent', headed(target, { crit: ['x'] })],
    ['crit b64', headed(target, { crit: ['b64'], b64: false })],
    ['crit empty', headed(target, { crit: [] })],
    ['crit text', headed(target, { crit: 'exp' })],
    ['crit an object', headed(target, { crit: { 0: 'x' } })],
    ['b64 alone', headed(target, { b64: false }), null],
    ['b64 and the bare claims', bare(target)],
    ['zip', headed(target, { zip: 'DEF' }), null],
    ['typ missing', headed(target, { typ: undefined })],
    ['typ JWT', headed(target, { typ: 'JWT' })],
    ['typ of the other kind', headed(target, { typ: otherTyp })],
    ['typ of both', headed(target, { typ: `${header['typ']},${otherTyp}` })],
    ['typ a list', headed(target, { typ: [header['typ']] })],
    ['typ null', headed(target, { typ: null })],
    ['typ empty', headed(target, { typ: '' })],
    // RFC 7515, 4.1.9: a media type has no case, and `application/` may stand before it.
    ['typ in full', headed(target, { typ: `application/${header['typ']}` }), null],
    ['typ in upper case', headed(target, { typ: `${header['typ']}`.toUpperCase() }), null],
    ...notObjects.map((text): Row => [`header ${text}`, forge(text, claims, KEY)])
  ]
}

/** RFC 7797: the claims as they are, not encoded. */
function bare({ parts, key }: Target) {
  const [head = '', , signature = ''] = forge({ ...parts.header, b64: false, crit: ['b64'] }, parts.claims, key).split(
    '.'
  )
  return `${head}.${JSON.stringify(parts.claims)}.${signature}`
}

t.test('ASVS 9.1.3: no key comes from the token, and nothing is fetched for one', async (t) => {
  let requests = 0
  const server = createServer((_request, response) => void (++requests && response.end('{}')))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await forEachTarget(t, (t, target) => checkTable(t, target, foreignKeys(target, url)))
  t.equal(requests, 0)
})

t.test('ASVS 9.1.1, 9.1.3: kid selects one of our keys, and a token with an unknown kid is rejected', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, keyIds(target)))
)

t.test('ASVS 9.2.1, 9.2.2, 9.2.4: the header has the type of its kind, and critical extensions are rejected', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, others(target)))
)
