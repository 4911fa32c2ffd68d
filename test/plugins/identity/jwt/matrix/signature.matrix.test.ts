import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { encode, forge, forgeWith, sameBytes, sha } from '../forge.ts'
import { checkTable, forEachTarget, headed, KEY, OTHER_KEY, type Row, SECRET_KEY, type Target } from './target.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey

function algorithms(target: Target): Row[] {
  const { parts } = target
  const withAlg = (alg: string) => ({ ...parts.header, alg })
  return [
    ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].flatMap((alg): Row[] => {
      const input = `${encode(withAlg(alg))}.${encode(parts.claims)}`
      return [
        [`${alg} without a signature`, `${input}.`],
        [`${alg} without the last dot`, input],
        [`${alg} with the old signature`, `${input}.${parts.signature}`],
        [`${alg} with an empty key`, `${input}.${sha(256, '', input)}`],
        [`${alg} with our key`, `${input}.${sha(256, KEY, input)}`]
      ]
    }),
    ['HS384', forge(withAlg('HS384'), parts.claims, KEY, 384)],
    ['HS512', forge(withAlg('HS512'), parts.claims, KEY, 512)],
    ['HS256 by SHA-512', forge(parts.header, parts.claims, KEY, 512)],
    ['RS256', forgeWith(withAlg('RS256'), parts.claims, rsa)],
    ['ES256', forgeWith(withAlg('ES256'), parts.claims, ec)],
    ['EdDSA', forgeWith(withAlg('EdDSA'), parts.claims, ed)],
    ...['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'].map(
      (alg): Row => [`${alg} with our key`, forge(withAlg(alg), parts.claims, KEY)]
    ),
    ['alg missing', headed(target, { alg: undefined })],
    ['alg a list', headed(target, { alg: ['HS256'] })],
    ['alg an object', headed(target, { alg: { toString: 'HS256' } })],
    ['alg null', headed(target, { alg: null })],
    ['alg a number', headed(target, { alg: 256 })],
    ['alg in lower case', headed(target, { alg: 'hs256' })],
    ['alg and spaces', headed(target, { alg: ' HS256 ' })]
  ]
}

function signatures({ parts, genuine }: Target): Row[] {
  const input = genuine.slice(0, genuine.lastIndexOf('.'))
  const bytes = Buffer.from(parts.signature, 'base64url')
  const flipped = (at: number) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)))
  const published = ['secret', 'your-256-bit-secret', 'changeme', 'a-string-secret-at-least-256-bits-long']
  const keys = ['', ...published, SECRET_KEY, OTHER_KEY, KEY.slice(0, -1), `${KEY} `, `${KEY},${OTHER_KEY}`]
  return [
    ['removed', `${input}.`],
    ['cut', genuine.slice(0, -2)],
    ['half of it', `${input}.${bytes.subarray(0, 16).toString('base64url')}`],
    ['the first bit changed', `${input}.${flipped(0).toString('base64url')}`],
    ['the last bit changed', `${input}.${flipped(31).toString('base64url')}`],
    ['zeroed', `${input}.${Buffer.alloc(32).toString('base64url')}`],
    ['of another token', `${input}.${sha(256, KEY, 'another.token')}`],
    ['doubled', `${genuine}${parts.signature}`],
    ['in hex', `${input}.${bytes.toString('hex')}`],
    ['over other claims', `${encode(parts.header)}.${encode({ ...parts.claims, sub: 'x' })}.${parts.signature}`],
    ['over the claims alone', `${input}.${sha(256, KEY, encode(parts.claims))}`],
    ...keys.map((key): Row => [`with the key ${key.length}`, forge(parts.header, parts.claims, key)]),
    ...sameBytes(genuine).map((form): Row => ['of the same bytes', form, null])
  ]
}

t.test('ASVS 9.1.1, 9.1.2, 16.5.1: only the one algorithm is accepted', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, algorithms(target)))
)

t.test('ASVS 9.1.1, 9.1.3, 16.5.1: only a signature with our key is accepted', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, signatures(target)))
)
