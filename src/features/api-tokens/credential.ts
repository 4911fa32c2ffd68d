import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import { hasBearer, readBearer } from '../../plugins/http/cookies/bearer.ts'
import type { SessionlessAccount } from '../../plugins/identity/auth/account.ts'
import { InvalidToken, TokenExpired } from '../../plugins/identity/auth/errors.ts'
import type { SessionlessCredential } from '../../plugins/identity/auth/strategy.ts'
import { logEvent } from '../../plugins/platform/audit/log.ts'
import { AbilityRequired } from './errors.ts'
import { isToken, PREFIX } from './secret.ts'
import type { ApiTokens } from './tokens.ts'

const TOUCH_EVERY_MS = 60_000
/** Where the token begins in `Authorization: Bearer …`. */
const TOKEN_AT = 'Bearer '.length

/** Identifies the user of an API token, on routes that declare an ability that it has. */
export function createCredential(
  apiTokens: ApiTokens,
  { audit }: Pick<FastifyInstance, 'audit'>
): SessionlessCredential {
  async function findLive(request: FastifyRequest, now: Date) {
    const token = readBearer(request.headers)
    const isOurs = token !== null && isToken(token)
    const found = isOurs ? await apiTokens.find(token) : null
    if (found !== null && found.expiresAt > now) return found
    const reason = found ? 'expired' : isOurs ? 'unknown' : 'malformed'
    logEvent(request, 'api_token_invalid', { userId: found?.userId ?? null, reason })
    throw found ? new TokenExpired() : new InvalidToken()
  }

  /** At most once a minute. No request waits for it. */
  function touch({ id, lastUsedAt }: { id: string; lastUsedAt: Date | null }, request: FastifyRequest, now: Date) {
    const cutoff = new Date(now.getTime() - TOUCH_EVERY_MS)
    if (lastUsedAt !== null && lastUsedAt > cutoff) return
    apiTokens
      .touch(id, cutoff, now)
      .catch((err: unknown) => request.log.debug({ err }, 'could not store the last use of an API token'))
  }

  async function identify(request: FastifyRequest): Promise<SessionlessAccount> {
    const now = new Date()
    const found = await findLive(request, now)
    const { userId } = found
    const { ability } = request.routeOptions.config
    if (ability === undefined || !found.abilities.split(' ').includes(ability)) {
      await audit.record(request, 'authz_fail', { userId, reason: 'ability' })
      throw new AbilityRequired()
    }
    touch(found, request, now)
    return { userId, sid: null, kind: null, freshUntil: null }
  }

  return {
    identify: (request) => {
      const { headers } = request
      return headers.authorization?.startsWith(PREFIX, TOKEN_AT) && hasBearer(headers) ? identify(request) : null
    },
    openapi: {
      name: 'apiToken',
      refusals: [InvalidToken, TokenExpired, AbilityRequired],
      scheme: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'pat_…',
        description: 'An API token of `POST /api/users/me/tokens`, which has the ability that the call requires'
      },
      scopes: ({ ability }: FastifyContextConfig) => (ability === undefined ? null : [ability])
    }
  }
}
