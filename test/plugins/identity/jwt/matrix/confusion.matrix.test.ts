import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { build, logIn } from '../../../../build.ts'
import { encode, forge, forgeWith, kidOf, takeApart } from '../forge.ts'
import { algorithms } from '../pem.ts'
import { token } from '../transport.ts'
import {
  checkReply,
  checkTable,
  KEY,
  keyring,
  type Row,
  refresh,
  sampledBackends,
  type Target,
  targetsOf
} from './target.ts'

const foreign = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  EdDSA: generateKeyPairSync('ed25519').privateKey
}

/** Everything public about a key, as text that could be mistaken for a secret. */
function publicForms(pem: string, published: string) {
  const key = createPublicKey(pem)
  const spki = `${key.export({ type: 'spki', format: 'pem' })}`
  const jwk = key.export({ format: 'jwk' })
  return {
    'its PEM': spki,
    'its PEM without the last line break': spki.trim(),
    'its PEM in one line': spki.replaceAll('\n', ''),
    'its PEM with escapes': spki.replaceAll('\n', '\\n'),
    'its DER': key.export({ type: 'spki', format: 'der' }),
    'its JWK': JSON.stringify(jwk),
    'its x': `${jwk.x}`,
    'the bytes of its x': Buffer.from(`${jwk.x}`, 'base64url'),
    'the published keys': published
  }
}

function confusions({ parts: { header, claims } }: Target, pems: [string, string], published: string): Row[] {
  const alg = `${header['alg']}`
  const [first, second] = pems.map((pem) => createPrivateKey(pem)) as [typeof foreign.ES256, typeof foreign.ES256]
  const secondKid = JSON.parse(published).keys[1].kid
  const hmac = { ...header, alg: 'HS256' }
  const input = (head: object) => `${encode(head)}.${encode(claims)}`
  const bare = { alg, typ: header['typ'] }
  return [
    ...Object.entries(publicForms(pems[0], published)).flatMap(([what, secret]): Row[] => [
      [`HS256 by ${what}`, forge(hmac, claims, secret)],
      [`HS256 by ${what}, without kid`, forge({ ...hmac, kid: undefined }, claims, secret)],
      [`the name of ${alg} and HMAC by ${what}`, forge(header, claims, secret)]
    ]),
    ['HS256 by JWT_SECRET_KEY', forge({ ...hmac, kid: kidOf(KEY) }, claims, KEY)],
    ['HS256 by JWT_SECRET_KEY, the kid of the private key', forge(hmac, claims, KEY)],
    ['HS256 by JWT_SECRET_KEY, without kid', forge({ ...hmac, kid: undefined }, claims, KEY)],
    ...['none', 'NONE', ''].map((none): Row => [`${none}`, `${input({ ...header, alg: none })}.`]),
    ['none, without kid', `${input({ alg: 'none', typ: 'at+jwt' })}.`],
    ['no signature', `${input(header)}.`],
    ...Object.entries(foreign).flatMap(([name, key]): Row[] => [
      [`${name} by a foreign key`, forgeWith({ ...header, alg: name }, claims, key)],
      [`${name} by a foreign key under our name`, forgeWith(header, claims, key)],
      [`${name} by a foreign key, without kid`, forgeWith({ ...bare, alg: name }, claims, key)],
      [
        `${name} by a foreign key that it brings`,
        forgeWith({ ...header, alg: name, jwk: createPublicKey(key).export({ format: 'jwk' }) }, claims, key)
      ]
    ]),
    ...['ES256', 'EdDSA', 'Ed25519', 'ES384', 'RS256', 'HS256', 'eddsa']
      .filter((name) => name !== alg)
      .map((name): Row => [`our key under the name ${name}`, forgeWith({ ...header, alg: name }, claims, first)]),
    ['zeroed', `${input(header)}.${Buffer.alloc(64).toString('base64url')}`],
    ['32 bytes', `${input(header)}.${Buffer.alloc(32, 1).toString('base64url')}`],
    ['65 bytes', `${input(header)}.${Buffer.alloc(65, 1).toString('base64url')}`],
    ['over another text', `${input({ ...header, x: 1 })}.${forgeWith(header, claims, first).split('.')[2]}`],
    // JWS requires r and s concatenated (RFC 7518, 3.4).
    ...(alg === 'ES256' ? [['in DER', inDer(input(header), pems[0])] as Row] : []),
    ['unknown kid', forgeWith({ ...header, kid: 'x' }, claims, first)],
    ['kid of the secret', forgeWith({ ...header, kid: kidOf(KEY) }, claims, first)],
    ['kid a list', forgeWith({ ...header, kid: [header['kid']] }, claims, first)],
    ['kid of the other key', forgeWith({ ...header, kid: secondKid }, claims, first)],
    ['typ of the other kind', forgeWith({ ...header, typ: 'rt+jwt' }, claims, first)],
    ['issued by another', forgeWith(header, { ...claims, iss: 'x' }, first)],
    ['expired', forgeWith(header, { ...claims, exp: 1 }, first), 'TOKEN_EXPIRED'],
    ['signed again', forgeWith(header, claims, first), null],
    ['the other key and its kid', forgeWith({ ...header, kid: secondKid }, claims, second), null],
    ['without kid', forgeWith(bare, claims, first), null],
    ['without kid, the other key', forgeWith(bare, claims, second), null]
  ]
}

function inDer(input: string, pem: string) {
  return `${input}.${sign('sha256', Buffer.from(input), { key: pem, dsaEncoding: 'der' }).toString('base64url')}`
}

for (const backend of sampledBackends) {
  for (const { alg, pem } of algorithms) {
    t.test(
      `ASVS 9.1.1, 9.1.2, 9.1.3: with a key for ${alg}, access tokens signed with anything else are rejected, on ${backend.name}`,
      { skip: backend.skip },
      async (t) => {
        const pems: [string, string] = [pem(), pem()]
        const environment = { ...(await backend.environment()), ...keyring, JWT_PRIVATE_KEY: pems.join('') }
        const app = await build(t, environment)
        const { body } = await logIn(app, 'ada', token)
        const [access] = targetsOf(app, body)
        const { body: published } = await app.inject({ method: 'GET', url: '/.well-known/jwks.json' })
        t.equal(access.parts.header['alg'], alg)
        await checkTable(t, access, confusions(access, pems, published))

        t.test('and so are refresh tokens not signed with the secret', async (t) => {
          const { refreshToken = '' } = body
          const { header, claims } = takeApart(refreshToken)
          t.strictSame(header, { alg: 'HS256', typ: 'rt+jwt', kid: kidOf(KEY) })
          t.equal(forge(header, claims, KEY), refreshToken)
          checkReply(t, await refresh(app, refreshToken), 'genuine', null)
          const kid = access.parts.header['kid']
          for (const head of [header, { ...header, alg }, { ...header, alg, kid }, { alg, typ: 'rt+jwt' }]) {
            const forged = forgeWith(head, claims, createPrivateKey(pems[0]))
            checkReply(t, await refresh(app, forged), JSON.stringify(head), 'INVALID_TOKEN')
          }
        })
      }
    )
  }
}
