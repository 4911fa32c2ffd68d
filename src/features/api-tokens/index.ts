import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { createAbilities } from './abilities.ts'
import { createCredential } from './credential.ts'
import { createRoutes } from './routes.ts'
import { type ApiTokens, createApiTokens } from './tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    apiTokens: ApiTokens
  }
  interface FastifyContextConfig {
    /** What an API token must be allowed to do to use this route, such as `notes:read`. Without it, only sessions may. */
    ability?: string
  }
}

/** API tokens: for scripts that act for a user, on routes that declare an ability. */
async function apiTokens(app: FastifyInstance) {
  const tokens = createApiTokens(app.db, app.tables, app)
  app.decorate('apiTokens', tokens)
  const abilities = createAbilities()
  app.addHook('onRoute', function collectAbility({ config }) {
    if (config?.ability !== undefined) abilities.add(config.ability)
  })
  app.sessionlessCredentials.push(createCredential(tokens, app))
  app.accessRemovals.push(tokens.removal)
  app.securityView.set('apiTokens', { schema: Type.Integer(), read: tokens.count })
  app.mount('/api/users/me/tokens', createRoutes(tokens, abilities))
  app.cleanup.add(tokens.deleteExpired)
}

export default fp(apiTokens, {
  name: 'api-tokens',
  dependencies: ['config', 'db', 'cleanup', 'audit', 'router', 'cookies', 'users', 'auth']
})
