import type { FastifyInstance } from 'fastify'
import authRoutes from '../plugins/auth/routes.ts'
import eventsRoutes from '../plugins/events/routes.ts'
import healthRoutes from '../plugins/health/routes.ts'
import jwtKeyRoutes from '../plugins/jwt/key-routes.ts'
import jwtRoutes from '../plugins/jwt/routes.ts'
import usersRoutes from '../plugins/users/routes.ts'
import notesRoutes from './notes/routes.ts'

/** Every route of the service, mounted when every decorator is there. Yours go to the end. */
export default async function routes(app: FastifyInstance) {
  await app.register(healthRoutes)
  await app.register(authRoutes, { prefix: '/api/auth' })
  await app.register(jwtKeyRoutes)
  await app.register(jwtRoutes, { prefix: '/api/auth' })
  await app.register(usersRoutes, { prefix: '/api/users' })
  await app.register(eventsRoutes, { prefix: '/api/users' })
  await app.register(notesRoutes, { prefix: '/api/notes' })
}
