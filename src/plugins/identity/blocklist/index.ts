import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RevokedSession } from '../auth/sessions.ts'
import { type Answer, windowOf } from './blocklist.ts'
import { createMemoryBlocklist } from './memory.ts'
import { redisBlocklist } from './redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether a token login was revoked. Where its list cannot tell, SQL does; where that cannot either, it throws. */
    isRevoked: (sid: string) => boolean | Promise<boolean>
  }
}

/** Remembers each revoked token login for as long as an access token of it may be alive. */
async function blocklist(app: FastifyInstance) {
  const list = redisBlocklist(app) ?? createMemoryBlocklist()
  const { ACCESS_TOKEN_TTL } = app.config
  /** A login from before its row knew how long its tokens live had them as long as today's, at least. */
  const atLeast = (accessTtl: number) => Math.max(accessTtl, ACCESS_TOKEN_TTL)
  const tokens = (sessions: RevokedSession[]) =>
    sessions
      .filter(({ kind }) => kind === 'token')
      .map(({ id, revokedAt, accessTtl }) => ({ id, revokedAt, accessTtl: atLeast(accessTtl) }))
  /** By the longest access token that any login was given, whatever ACCESS_TOKEN_TTL is now. */
  const windowMs = async () => windowOf(atLeast(await app.sessions.longestAccessTtl()))

  app.revocations.onRevoked({
    windowMs,
    prepare: (sessions) => list.prepare(tokens(sessions)),
    add: (sessions) => list.add(tokens(sessions)),
    begin: () => list.begin(),
    size: async () => list.size() ?? app.sessions.countRevoked('token', new Date(Date.now() - (await windowMs())))
  })

  async function askFurther(sid: string, pending: Promise<Answer> | Answer) {
    const answer = await pending
    if (typeof answer === 'boolean') return answer
    const login = await app.sessions.find(sid)
    return login === null || login.revokedAt !== null
  }
  app.decorate('isRevoked', (sid) => {
    const answer = list.has(sid)
    return typeof answer === 'boolean' ? answer : askFurther(sid, answer)
  })
}

export default fp(blocklist, { name: 'blocklist', dependencies: ['config', 'redis', 'auth'] })
