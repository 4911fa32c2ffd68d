import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Blocklist } from './blocklist.ts'
import { createMemoryBlocklist } from './memory.ts'
import { createRedisBlocklist } from './redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether a token login was revoked. Where its list cannot tell, SQL does; where that cannot either, it throws. */
    isRevoked: (sid: string) => boolean | Promise<boolean>
  }
}

/** Clocks of other services that verify our tokens may be behind by this much. */
const TOLERANCE_SECONDS = 5

/** Remembers each revoked token login for as long as an access token of it may be alive. */
async function blocklist(app: FastifyInstance) {
  const windowMs = (app.config.ACCESS_TOKEN_TTL + TOLERANCE_SECONDS) * 1000
  const list = app.redis ? createRedisBlocklist(app.redis, windowMs) : createMemoryBlocklist(windowMs)

  app.revocations.onRevoked({
    windowMs,
    check: () => list.check(),
    add: (logins) => list.add(logins.filter(({ kind }) => kind === 'token')),
    complete: () => list.complete(),
    size: () => list.size() ?? app.logins.countRevoked('token', new Date(Date.now() - windowMs))
  })

  async function askFurther(sid: string, answer: ReturnType<Blocklist['has']>) {
    const isListed = await answer
    if (isListed !== null) return isListed
    // It answered, and its list is not whole: it was emptied.
    if (app.redis?.isUp()) app.redis.distrust()
    const login = await app.logins.find(sid)
    return login === null || login.revokedAt !== null
  }
  app.decorate('isRevoked', (sid) => {
    const answer = list.has(sid)
    return typeof answer === 'boolean' ? answer : askFurther(sid, answer)
  })
}

export default fp(blocklist, { name: 'blocklist', dependencies: ['config', 'redis', 'auth'] })
