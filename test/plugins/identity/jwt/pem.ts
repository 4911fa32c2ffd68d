import { generateKeyPairSync } from 'node:crypto'

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const

/** A new private key as JWT_PRIVATE_KEY takes it. */
export const edPem = () => `${generateKeyPairSync('ed25519').privateKey.export(pkcs8)}`
export const ecPem = () => `${generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8)}`

/** The algorithms that tests of private keys run with. */
export const algorithms = [
  { alg: 'EdDSA', pem: edPem },
  { alg: 'ES256', pem: ecPem }
]
