import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accessKeys, readPrivateKeys, secretKeys } from '../../../../src/plugins/identity/jwt/keys.ts'
import { loadEnvironment } from '../../../../src/plugins/platform/config/env-file.ts'
import { InvalidSettings, readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { randomKey, testEnvironment } from '../../../build.ts'
import { ecPem, edPem } from './pem.ts'

const { privateKey: rsaKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const ofCurve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey

/** The error for a setting; null if it is accepted. */
function faultOf(name: 'JWT_PRIVATE_KEY' | 'JWT_SECRET_KEY', value: string) {
  try {
    readSettings({ ...testEnvironment, [name]: value })
    return null
  } catch (error) {
    if (error instanceof InvalidSettings && error.faults.length === 1) return error.faults[0]
    throw error
  }
}

t.test('private keys may have real line breaks, escaped ones, or spaces instead', async (t) => {
  const [first, second] = [edPem(), edPem()]
  const both = `${first}${second}`
  const kids = readPrivateKeys(both)?.map(({ kid }) => kid)
  t.equal(kids?.length, 2)
  const forms = {
    'line breaks': both,
    'line breaks of Windows': both.replaceAll('\n', '\r\n'),
    escapes: both.replaceAll('\n', '\\n'),
    'escapes of Windows': both.replaceAll('\n', '\\r\\n'),
    spaces: both.replaceAll('\n', ' '),
    commas: `${first},${second}`
  }
  for (const [what, form] of Object.entries(forms)) {
    t.strictSame(
      readPrivateKeys(form)?.map(({ kid }) => kid),
      kids,
      what
    )
    t.equal(faultOf('JWT_PRIVATE_KEY', form), null, what)
  }
})

t.test('private keys are read from .env, quoted over several lines or on one line', async (t) => {
  const pem = edPem()
  for (const value of [`"${pem}"`, `'${pem}'`, `"${pem.replaceAll('\n', '\\n')}"`, pem.replaceAll('\n', '\\n')]) {
    const directory = t.testdir()
    writeFileSync(join(directory, '.env'), `PORT=1\nJWT_PRIVATE_KEY=${value}\nHOST=::1\n`)
    const settings = readSettings({ ...testEnvironment, ...loadEnvironment({}, directory, () => {}) })
    t.equal(accessKeys(settings)[0]?.kid, readPrivateKeys(pem)?.[0]?.kid)
    t.equal(settings.HOST, '::1')
  }
})

t.test('the curve determines the algorithm, and the public half the kid', async (t) => {
  t.match(readPrivateKeys(edPem()), [{ algorithm: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' } }])
  t.match(readPrivateKeys(ecPem()), [{ algorithm: 'ES256', jwk: { kty: 'EC', crv: 'P-256', alg: 'ES256' } }])
  // RFC 8037, A.1 and A.3: a key and its thumbprint.
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
  const key = createPrivateKey({ key: { ...jwk, x }, format: 'jwk' }).export(pkcs8)
  t.equal(readPrivateKeys(`${key}`)?.[0]?.kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

t.test('ASVS 11.2.3, 13.3.1: any other private key stops the start with one line that does not quote it', async (t) => {
  const [ed, ec] = [edPem(), ecPem()]
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
  const encrypted = { ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'a passphrase' } as const
  const refused = {
    RSA: rsaKey.export(pkcs8),
    'RSA in PKCS#1': rsaKey.export({ type: 'pkcs1', format: 'pem' }),
    'P-384': ofCurve('P-384').export(pkcs8),
    'P-521': ofCurve('P-521').export(pkcs8),
    secp256k1: ofCurve('secp256k1').export(pkcs8),
    'P-256 in SEC 1': ofCurve('P-256').export({ type: 'sec1', format: 'pem' }),
    X25519: generateKeyPairSync('x25519').privateKey.export(pkcs8),
    Ed448: generateKeyPairSync('ed448').privateKey.export(pkcs8),
    encrypted: generateKeyPairSync('ed25519').privateKey.export(encrypted),
    'a public key': publicKey,
    'a public key behind it': `${ed}${publicKey}`,
    'mixed algorithms': `${ed}${ec}`,
    'the same key twice': `${ed}${ed}`,
    'one that is none among others': `${ed}${ed.replace(/\n.{8}/, '\nAAAAAAAA')}`,
    'a cut key': ed.slice(0, -40),
    'a key without its first line': ed.slice(28),
    'text around it': `my key: ${ed}`,
    'text behind it': `${ed}xyz`,
    'an empty block': '-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----',
    'a secret': randomKey(),
    'a JWK': JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
    garbage: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
    'the name of a file': '/run/secrets/key.pem'
  }
  for (const [what, value] of Object.entries(refused)) {
    const fault = faultOf('JWT_PRIVATE_KEY', `${value}`)
    t.match(fault, /^JWT_PRIVATE_KEY must be one or more different PKCS#8 private keys in PEM, .*$/, what)
    t.notMatch(fault, /\n|BEGIN|passphrase/)
  }
})

t.test('ASVS 11.2.3, 13.3.1: each key of JWT_SECRET_KEY is strong, and none appears twice', async (t) => {
  const [first, second] = [randomKey(), randomKey()]
  t.equal(faultOf('JWT_SECRET_KEY', `${first},${second}`), null)
  for (const bad of [
    'short',
    'a'.repeat(40),
    `${second}-changeme`,
    edPem(),
    `${generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })}`
  ]) {
    for (const value of [bad, `${bad},${first}`, `${first},${bad}`, `${first},${bad},${second}`]) {
      t.match(faultOf('JWT_SECRET_KEY', value), /^JWT_SECRET_KEY must be one or more comma-separated keys/)
    }
  }
  for (const value of [`${first},${first}`, `${first},${second},${first}`, `${first}, ${first} ,`]) {
    t.match(faultOf('JWT_SECRET_KEY', value), /JWT_SECRET_KEY must not share a key$/)
  }
  const shared = `${second},${testEnvironment['SECRET_KEY']}`
  t.match(faultOf('JWT_SECRET_KEY', shared), /JWT_SECRET_KEY must not share a key$/)
})

t.test(
  'the kid of a secret is the same everywhere, differs for each secret, and reveals nothing about it',
  async (t) => {
    const secrets = Array.from({ length: 100 }, randomKey)
    const keys = secretKeys(readSettings({ ...testEnvironment, JWT_SECRET_KEY: secrets.join() }))
    const again = secretKeys(readSettings({ ...testEnvironment, JWT_SECRET_KEY: secrets.toReversed().join() }))
    t.strictSame(
      keys.map(({ kid }) => kid),
      again.map(({ kid }) => kid).toReversed()
    )
    t.equal(new Set(keys.map(({ kid }) => kid)).size, 100)
    for (const [i, { kid, jwk }] of keys.entries()) {
      t.match(kid, /^[\w-]{12}$/)
      t.notMatch(secrets[i], kid)
      t.equal(jwk, null)
    }
  }
)
