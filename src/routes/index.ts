import type { FastifyInstance } from 'fastify'
import notesRoutes from './notes/routes.ts'
import { defineRooms } from './rooms/rooms.ts'

/** Mounts every route of the service: those of the plugins, and yours. */
export default async function routes(app: FastifyInstance) {
  app.mount('/api/notes', notesRoutes)
  defineRooms(app)
  await app.mountRoutes()
}
