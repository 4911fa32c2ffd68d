import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { LruMap } from 'toad-cache'
import { isUuid } from '../../platform/db/ids.ts'
import { InvalidToken, TokenExpired } from '../auth/errors.ts'
import type { Session } from '../auth/tables.ts'
import { TOLERANCE_SECONDS } from '../blocklist/blocklist.ts'
import { TokenNotYetValid } from './errors.ts'
import { type Claims, createKeyring } from './keyring.ts'
import { accessKeys, secretKeys } from './keys.ts'
import type { TokenReply } from './schemas.ts'

export type AccessClaims = { readonly sub: string; readonly sid: string; readonly auth_time: number }
export type RefreshClaims = { sid: string; gen: number }
type Times = { iat: number; exp: number }
export type Tokens = Awaited<ReturnType<typeof createTokens>>

/** The signature of a cached token is not verified again. An entry takes about 1 kB. */
const MAX_CACHED_TOKENS = 4000

const seconds = (time: Date) => Math.floor(time.getTime() / 1000)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Issues and verifies access and refresh tokens; accepts only its own claims (RFC 8725, 3.8 to 3.12; RFC 9068). */
export async function createTokens(app: FastifyInstance) {
  const { JWT_ISSUER, ACCESS_TOKEN_TTL } = app.config
  const kinds = {
    access: { name: 'access', typ: 'at+jwt', audience: JWT_ISSUER },
    refresh: { name: 'refresh', typ: 'rt+jwt', audience: `${JWT_ISSUER}/refresh` }
  }
  const requiredClaims = ['iss', 'aud', 'sid', 'iat', 'exp']
  const access = await createKeyring(app, accessKeys(app.config), {
    ...kinds.access,
    requiredClaims: [...requiredClaims, 'sub', 'jti', 'auth_time']
  })
  // Always HS256: the signature of a refresh token must be reproducible, and only this service verifies it.
  const refresh = await createKeyring(app, secretKeys(app.config), {
    ...kinds.refresh,
    requiredClaims: [...requiredClaims, 'gen']
  })

  /** The library checks less than it seems: it accepts a list as `aud`, an object as `sub`, and 1e400 as `exp`. */
  function checkShape({ iss, aud, sid, iat, exp }: Claims, audience: string, hasOwnClaims: boolean) {
    const isOurs = iss === JWT_ISSUER && aud === audience && isUuid(sid) && hasOwnClaims
    if (!isOurs || !isCount(iat) || !isCount(exp)) throw new InvalidToken()
  }

  function checkTime({ iat, exp }: Times, now: Date) {
    if (iat > seconds(now) + TOLERANCE_SECONDS) throw new InvalidToken({ cause: new TokenNotYetValid() })
    if (exp <= seconds(now) - TOLERANCE_SECONDS) throw new TokenExpired()
  }

  function readAccess(token: string) {
    const claims = access.verify(token)
    const { sub, jti, auth_time } = claims
    checkShape(claims, kinds.access.audience, isUuid(sub) && isUuid(jti) && isCount(auth_time))
    return claims as AccessClaims & Times
  }

  // The cache of the library hashes the token for each lookup, and rejected tokens evict valid ones.
  const cache = new LruMap<AccessClaims & Times>(MAX_CACHED_TOKENS)

  return {
    /** Throws INVALID_TOKEN, or TOKEN_EXPIRED if the token is otherwise valid. The caller checks revocation. */
    verifyAccess(token: string, now: Date): AccessClaims {
      const known = cache.get(token)
      const claims = known ?? readAccess(token)
      checkTime(claims, now)
      if (known === undefined) cache.set(token, claims)
      return claims
    },
    /** Throws INVALID_TOKEN, or TOKEN_EXPIRED if the token is otherwise valid. */
    verifyRefresh(token: string, now: Date): RefreshClaims {
      const claims = refresh.verify(token)
      checkShape(claims, kinds.refresh.audience, isCount(claims['gen']))
      checkTime(claims as Times, now)
      return claims as RefreshClaims
    },
    /** A new access token, and the refresh token of the session, which is made from the row alone and so always the same. */
    issue(session: Session, now: Date): Required<TokenReply> {
      const iat = seconds(now)
      // Never longer than the row says: a revocation is remembered for that long.
      const life = Math.min(ACCESS_TOKEN_TTL, session.accessTtl)
      const exp = Math.min(iat + life, seconds(session.absoluteExpiresAt))
      const refreshExp = seconds(session.expiresAt)
      const auth_time = seconds(session.authenticatedAt)
      return {
        tokenType: 'Bearer',
        accessToken: access.sign({ sub: session.userId, sid: session.id, jti: randomUUIDv7(), iat, exp, auth_time }),
        expiresIn: exp - iat,
        refreshToken: refresh.sign({
          sid: session.id,
          gen: session.generation,
          iat: seconds(session.rotatedAt),
          exp: refreshExp
        }),
        refreshExpiresIn: refreshExp - iat
      }
    }
  }
}
