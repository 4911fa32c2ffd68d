import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RevokedSession } from '../auth/sessions.ts'
import { type Answer, windowOf } from './blocklist.ts'
import { createMemoryBlocklist } from './memory.ts'
import { redisBlocklist } from './redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether a token session was revoked. Asks SQL if the blocklist cannot tell, and rejects if SQL cannot either. */
    isRevoked: (sid: string) => boolean | Promise<boolean>
  }
}

/** Refuses access tokens of revoked sessions until they expire. */
async function blocklist(app: FastifyInstance) {
  const list = redisBlocklist(app) ?? createMemoryBlocklist()
  const { ACCESS_TOKEN_TTL } = app.config
  /** Rows older than the column `access_ttl` do not know how long their tokens live: at least as long as today's. */
  const atLeast = (accessTtl: number) => Math.max(accessTtl, ACCESS_TOKEN_TTL)
  const tokens = (sessions: RevokedSession[]) =>
    sessions
      .filter(({ kind }) => kind === 'token')
      .map(({ id, revokedAt, accessTtl }) => ({ id, revokedAt, accessTtl: atLeast(accessTtl) }))
  /** Follows the longest-lived access token that was ever issued, since ACCESS_TOKEN_TTL may have been shortened. */
  const windowMs = async () => windowOf(atLeast(await app.sessions.longestAccessTtl()))

  app.revocations.onRevoked({
    windowMs,
    prepare: (sessions) => list.prepare(tokens(sessions)),
    add: (sessions) => list.add(tokens(sessions)),
    begin: () => list.begin(),
    size: async () => list.size() ?? app.sessions.countRevoked('token', new Date(Date.now() - (await windowMs())))
  })

  async function resolveAnswer(sid: string, pending: Promise<Answer> | Answer) {
    const answer = await pending
    if (typeof answer === 'boolean') return answer
    const session = await app.sessions.find(sid)
    return session === null || session.revokedAt !== null
  }
  app.decorate('isRevoked', (sid) => {
    const answer = list.has(sid)
    return typeof answer === 'boolean' ? answer : resolveAnswer(sid, answer)
  })
}

export default fp(blocklist, { name: 'blocklist', dependencies: ['config', 'redis', 'auth'] })
