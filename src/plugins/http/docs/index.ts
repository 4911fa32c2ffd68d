import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './env.ts'
import { closed } from '../schemas.ts'
import { openApiOptions, TITLE } from './openapi.ts'
import { pageOptions } from './page.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** The body may be left out. */
    'x-optional-body'?: true
  }
}

/** What a developer finds at the address of the service. */
const StartReply = Type.Object({ name: Type.String(), docs: Type.String() }, closed)

/** With API_DOCS: the OpenAPI document at /docs/json, made from the schemas, and a page to try it at /docs. */
async function docs(app: FastifyInstance) {
  if (!app.config.API_DOCS) return
  // Imported only if needed: they take 100 ms to load.
  const { default: swagger } = await import('@fastify/swagger')
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  await app.register(swagger, openApiOptions(app))
  await app.register(swaggerUi, pageOptions(TITLE))
  app.mount('', async (routes) => {
    routes.get('/', {
      schema: { hide: true, response: { 200: StartReply } },
      handler: async () => ({ name: TITLE, docs: '/docs' })
    })
  })
}

export default fp(docs, { name: 'docs', dependencies: ['config', 'router', 'auth'] })
