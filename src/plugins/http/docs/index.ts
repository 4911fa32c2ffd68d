import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { openApiOptions, TITLE } from './openapi.ts'
import { pageOptions } from './page.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** The body may be left out. */
    'x-optional-body'?: true
  }
}

/** With API_DOCS: the OpenAPI document at /docs/json, made from the schemas, and a page to try it at /docs. */
async function docs(app: FastifyInstance) {
  if (!app.config.API_DOCS) return
  // Imported only if needed: they take 100 ms to load.
  const { default: swagger } = await import('@fastify/swagger')
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  await app.register(swagger, openApiOptions(app))
  await app.register(swaggerUi, pageOptions(TITLE))
}

export default fp(docs, { name: 'docs', dependencies: ['config', 'auth'] })
