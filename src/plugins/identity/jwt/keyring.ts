import fastifyJwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { InvalidToken } from '../auth/errors.ts'
import { TOLERANCE_SECONDS } from '../blocklist/blocklist.ts'
import type { Key } from './keys.ts'

/** The properties that all tokens of one kind share, and the claims that each must have. */
export type TokenKind = { name: string; typ: string; audience: string; requiredClaims: string[] }
export type Claims = Readonly<Record<string, unknown>>

const headerOf = (token: string) => token.slice(0, token.indexOf('.'))

/** The `kid` of a header; undefined without one. An unreadable header is undefined too: the library rejects it. */
function kidOf(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString())?.kid
  } catch {
    return undefined
  }
}

/**
 * Signs with the first key and verifies with all of them, each by its one algorithm (RFC 8725, 3.1). Each key has a namespace of
 * @fastify/jwt, because with options per call the package would build a verifier per call.
 */
export async function createKeyring(
  app: FastifyInstance,
  keys: readonly Key[],
  { name, typ, audience, requiredClaims }: TokenKind
) {
  const { JWT_ISSUER } = app.config

  async function register({ kid, algorithm, secret }: Key, i: number) {
    const namespace = `${name}${i}`
    await app.register(fastifyJwt, {
      namespace,
      secret,
      sign: { algorithm, iss: JWT_ISSUER, aud: audience, header: { alg: algorithm, typ, kid } },
      verify: {
        algorithms: [algorithm],
        checkTyp: typ,
        allowedIss: JWT_ISSUER,
        allowedAud: audience,
        requiredClaims,
        clockTolerance: TOLERANCE_SECONDS * 1000,
        // Otherwise a token could count as expired before its other claims are checked.
        ignoreExpiration: true
      }
    })
    return (app.jwt as unknown as Record<string, JWT>)[namespace] as JWT
  }

  const verifiers: JWT[] = []
  for (const [i, key] of keys.entries()) verifiers.push(await register(key, i))
  const [signer] = verifiers as [JWT]
  // Compares the bytes of our own headers; only other headers are parsed.
  const byHeader = new Map(verifiers.map((verifier) => [headerOf(verifier.sign({})), [verifier]]))
  const byKid = new Map<unknown, JWT[]>(keys.map(({ kid }, i) => [kid, verifiers.slice(i, i + 1)]))

  function verifiersFor(token: string) {
    const header = headerOf(token)
    const own = byHeader.get(header)
    if (own !== undefined) return own
    const kid = kidOf(header)
    const chosen = kid === undefined ? verifiers : byKid.get(kid)
    if (chosen === undefined) throw new InvalidToken({ cause: { code: 'UNKNOWN_KID' } })
    return chosen
  }

  function verify(token: string): Claims {
    let cause: unknown
    for (const verifier of verifiersFor(token)) {
      try {
        return Object.freeze(verifier.verify<Claims>(token))
      } catch (error) {
        cause = error
        if ((error as { code?: string }).code !== 'FAST_JWT_INVALID_SIGNATURE') break
      }
    }
    throw new InvalidToken({ cause })
  }

  return {
    sign: (claims: Claims) => signer.sign(claims),
    /** The claims of a token that we signed, expired or not. Throws INVALID_TOKEN. The caller checks times and revocation. */
    verify
  }
}
