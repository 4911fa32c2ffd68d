import type { FastifyInstance } from 'fastify'
import notesRoutes from './notes/routes.ts'

/** Every route of the service: those of the plugins, then yours. */
export default async function routes(app: FastifyInstance) {
  app.mount('/api/notes', notesRoutes)
  await app.mountRoutes()
}
