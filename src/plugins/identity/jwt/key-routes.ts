import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JwksReply } from './key-schemas.ts'
import { accessKeys } from './keys.ts'

/** The JWKS route, only with JWT_PRIVATE_KEY: HMAC keys are never published. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const keys = accessKeys(app.config).flatMap(({ jwk }) => jwk ?? [])
  if (keys.length === 0) return

  app.get('/.well-known/jwks.json', {
    schema: {
      summary: 'Get the public keys that verify access tokens (RFC 7517)',
      tags: ['auth'],
      response: { 200: JwksReply }
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300')
      return { keys }
    }
  })
}

export default routes
