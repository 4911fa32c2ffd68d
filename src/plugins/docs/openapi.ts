import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'

/** They answer 401 too, but take what proves the login in their body. */
const OPEN = new Set(['/api/auth/login', '/api/auth/token-refresh'])

/** Made from the route schemas. What answers 401 is guarded, by its route or by its scope, and marked as such. */
export function openApiOptions(app: FastifyInstance): FastifyDynamicSwaggerOptions {
  const schemes = Object.fromEntries([...app.strategies].map(([kind, strategy]) => [kind, strategy.scheme]))
  const security = Object.keys(schemes).map((kind) => ({ [kind]: [] }))
  const isGuarded = (url: string, { response }: FastifySchema) => !OPEN.has(url) && Object.hasOwn(response ?? {}, 401)

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
    // By their own names; the package would number them.
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => `${$id ?? `def-${i}`}` },
    transform: ({ schema = {}, url }) => ({ schema: isGuarded(url, schema) ? { ...schema, security } : schema, url })
  }
}
