import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { openApiOptions } from './openapi.ts'
import { pageOptions } from './page.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** The route does without its body too. */
    'x-optional-body'?: true
  }
}

/** OpenAPI made from the schemas at /docs/json and a page to try it at /docs, where API_DOCS says so. */
async function docs(app: FastifyInstance) {
  if (!app.config.API_DOCS) return
  // Loaded only here: they would cost each start 100 ms.
  const { default: swagger } = await import('@fastify/swagger')
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  await app.register(swagger, openApiOptions(app))
  await app.register(swaggerUi, pageOptions())
}

export default fp(docs, { name: 'docs', dependencies: ['config', 'auth'] })
