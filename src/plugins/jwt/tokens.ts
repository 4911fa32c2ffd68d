import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { isUuid } from '../db/ids.ts'
import type { Login } from '../db/types.ts'
import { InvalidToken, TokenExpired } from './errors.ts'
import { type Claims, createKeyring, TOLERANCE_SECONDS } from './keyring.ts'
import { accessKeys, secretKeys } from './keys.ts'
import type { TokenReply } from './schemas.ts'

export type AccessClaims = { sub: string; sid: string; auth_time: number }
export type RefreshClaims = { sid: string; gen: number }
export type Tokens = Awaited<ReturnType<typeof createTokens>>

const seconds = (time: Date) => Math.floor(time.getTime() / 1000)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Access and refresh tokens: what is in them, and that nothing else is taken (RFC 8725, 3.8 to 3.12; RFC 9068). */
export async function createTokens(app: FastifyInstance) {
  const { JWT_ISSUER, ACCESS_TOKEN_TTL } = app.config
  const kinds = {
    access: { name: 'access', typ: 'at+jwt', audience: JWT_ISSUER, isCached: true },
    refresh: { name: 'refresh', typ: 'rt+jwt', audience: `${JWT_ISSUER}/refresh`, isCached: false }
  }
  const requiredClaims = ['iss', 'aud', 'sid', 'iat', 'exp']
  const access = await createKeyring(app, accessKeys(app.config), {
    ...kinds.access,
    requiredClaims: [...requiredClaims, 'sub', 'jti', 'auth_time']
  })
  // HS256 always: the signature of a refresh token must repeat, and nobody else reads it.
  const refresh = await createKeyring(app, secretKeys(app.config), {
    ...kinds.refresh,
    requiredClaims: [...requiredClaims, 'gen']
  })

  /** The library checks less than it seems: `aud` may be a list there, `sub` an object, `exp` 1e400 and `iat` ahead. */
  function check({ iss, aud, sid, iat, exp }: Claims, audience: string, hasOwnClaims: boolean, now: Date) {
    const isOurs = iss === JWT_ISSUER && aud === audience && isUuid(sid) && hasOwnClaims
    const latest = seconds(now) + TOLERANCE_SECONDS
    if (!isOurs || !isCount(iat) || !isCount(exp) || iat > latest) throw new InvalidToken()
    if (exp <= seconds(now) - TOLERANCE_SECONDS) throw new TokenExpired()
  }

  return {
    /** Throws INVALID_TOKEN, or TOKEN_EXPIRED for one that is otherwise perfect. */
    verifyAccess(token: string, now: Date): AccessClaims {
      const claims = access.verify(token)
      const { sub, sid, jti, auth_time } = claims
      check(claims, kinds.access.audience, isUuid(sub) && isUuid(jti) && isCount(auth_time), now)
      return { sub, sid, auth_time } as AccessClaims
    },
    /** Throws INVALID_TOKEN, or TOKEN_EXPIRED for one that is otherwise perfect. */
    verifyRefresh(token: string, now: Date): RefreshClaims {
      const claims = refresh.verify(token)
      check(claims, kinds.refresh.audience, isCount(claims['gen']), now)
      return claims as RefreshClaims
    },
    /** A new access token and the login's one refresh token, made from the row alone and so always the same. */
    issue(login: Login, now: Date): TokenReply {
      const iat = seconds(now)
      const exp = Math.min(iat + ACCESS_TOKEN_TTL, seconds(login.absoluteExpiresAt))
      const refreshExp = seconds(login.expiresAt)
      const auth_time = seconds(login.authenticatedAt)
      return {
        tokenType: 'Bearer',
        accessToken: access.sign({ sub: login.userId, sid: login.id, jti: randomUUIDv7(), iat, exp, auth_time }),
        expiresIn: exp - iat,
        refreshToken: refresh.sign({
          sid: login.id,
          gen: login.generation,
          iat: seconds(login.rotatedAt),
          exp: refreshExp
        }),
        refreshExpiresIn: refreshExp - iat
      }
    }
  }
}
