import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import keyRoutes from './key-routes.ts'
import { createRefreshCookie, type RefreshCookie } from './refresh-cookie.ts'
import routes from './routes.ts'
import { createTokenStrategy } from './strategy.ts'
import { createTokens, type Tokens } from './tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    tokens: Tokens
    refreshCookie: RefreshCookie
  }
}

/** Sessions carried by JWTs: short-lived access tokens, and refresh tokens that rotate. */
async function jwt(app: FastifyInstance) {
  const tokens = await createTokens(app)
  app.decorate('tokens', tokens)
  app.decorate('refreshCookie', createRefreshCookie(app.config, tokens))
  app.addHook('onRequest', function clearFormerCookie(request, reply, done) {
    app.refreshCookie.clearFormer(request, reply)
    done()
  })
  app.mount('', keyRoutes)
  app.mount('/api/auth', routes)
  app.strategies.set('token', createTokenStrategy(app))
}

export default fp(jwt, { name: 'jwt', dependencies: ['config', 'cookies', 'router', 'auth', 'blocklist'] })
