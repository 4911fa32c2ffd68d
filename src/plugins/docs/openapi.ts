import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** Made from the route schemas; who is guarded by `app.authenticate` is marked as such. */
export function openApiOptions(app: FastifyInstance): FastifyDynamicSwaggerOptions {
  const schemes = Object.fromEntries([...app.strategies].map(([kind, strategy]) => [kind, strategy.scheme]))
  const security = Object.keys(schemes).map((kind) => ({ [kind]: [] }))
  const isGuarded = ({ onRequest = [] }: RouteOptions) => [onRequest].flat().some((hook) => hook === app.authenticate)

  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Fastify minimal starter',
        version: '0.1.0',
        description: 'Every failure is application/problem+json (RFC 9457) with a stable `code`.'
      },
      components: { securitySchemes: schemes as never }
    },
    hideUntagged: true,
    transform: ({ schema = {}, url, route }) => ({ schema: isGuarded(route) ? { ...schema, security } : schema, url })
  }
}
