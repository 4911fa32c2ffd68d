import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'

/** Made from the route schemas. What answers 401 is guarded, unless it says `security: []`: its body proves who asks. */
export function openApiOptions(app: FastifyInstance): FastifyDynamicSwaggerOptions {
  const schemes = Object.fromEntries([...app.strategies].map(([kind, strategy]) => [kind, strategy.scheme]))
  const security = Object.keys(schemes).map((kind) => ({ [kind]: [] }))
  const isGuarded = (schema: FastifySchema) => !schema.security && Object.hasOwn(schema.response ?? {}, 401)

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
    transform: ({ schema = {}, url }) => ({ schema: isGuarded(schema) ? { ...schema, security } : schema, url })
  }
}
