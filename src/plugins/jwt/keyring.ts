import fastifyJwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { InvalidToken } from './errors.ts'

/** What all tokens of one kind share, and the claims that each must have. */
export type TokenKind = { name: string; typ: string; audience: string; requiredClaims: string[]; isCached: boolean }
export type Claims = Record<string, unknown>

/** How far clocks may differ, in seconds. */
export const TOLERANCE_SECONDS = 5

/**
 * Signs with the first key of JWT_SECRET_KEY and verifies with all of them, HS256 only. The bytes of a key are those of its
 * text, so that other services can verify. One namespace of @fastify/jwt a key: with options for each call it would build a
 * verifier for each call.
 */
export async function createKeyring(
  app: FastifyInstance,
  { name, typ, audience, requiredClaims, isCached }: TokenKind
) {
  const { JWT_SECRET_KEY, JWT_ISSUER } = app.config

  async function register(secret: string, i: number) {
    const namespace = `${name}${i}`
    await app.register(fastifyJwt, {
      namespace,
      secret: Buffer.from(secret),
      sign: { algorithm: 'HS256', iss: JWT_ISSUER, aud: audience, header: { alg: 'HS256', typ } },
      verify: {
        algorithms: ['HS256'],
        checkTyp: typ,
        allowedIss: JWT_ISSUER,
        allowedAud: audience,
        requiredClaims,
        clockTolerance: TOLERANCE_SECONDS * 1000,
        // It would say expired before the other claims were looked at.
        ignoreExpiration: true,
        // Results are kept under a hash of the whole token; time and revocation are always checked after it.
        cache: isCached
      }
    })
    return (app.jwt as unknown as Record<string, JWT>)[namespace] as JWT
  }

  const [first = '', ...others] = JWT_SECRET_KEY
  const signer = await register(first, 0)
  const verifiers = [signer]
  for (const [i, secret] of others.entries()) verifiers.push(await register(secret, i + 1))

  return {
    sign: (claims: Claims) => signer.sign(claims),
    /** The claims of a token of ours, expired ones too; INVALID_TOKEN for every refusal of the library. */
    verify(token: string): Claims {
      let cause: unknown
      for (const verifier of verifiers) {
        try {
          return verifier.verify<Claims>(token)
        } catch (error) {
          cause = error
          if ((error as { code?: string }).code !== 'FAST_JWT_INVALID_SIGNATURE') break
        }
      }
      throw new InvalidToken({ cause })
    }
  }
}
