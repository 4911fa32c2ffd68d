import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { MethodNotAllowed, NotFound } from '../../platform/errors/errors.ts'

const METHODS: HTTPMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Answers what no route handles: 404 for an unknown path, 405 with `Allow` for another method, 204 for a plain OPTIONS. */
async function notFound(app: FastifyInstance) {
  // Fastify does not say which other methods a path has, so a second router of the same kind does.
  const router = findMyWay()
  app.addHook('onRoute', ({ method, url }) => {
    for (const known of METHODS.filter((name) => method.includes(name))) {
      if (url !== '*' && !router.hasRoute(known, url)) router.on(known, url, () => {})
    }
  })

  function allowedAt(url: string) {
    const allowed = METHODS.filter((method) => router.find(method, url) !== null)
    return allowed.length > 0 ? [...allowed, 'OPTIONS'].join(', ') : null
  }

  app.setNotFoundHandler(async function answerNotFound(request, reply) {
    const allowed = allowedAt(request.raw.url ?? '')
    const hasMethod = request.method !== 'OPTIONS' && allowed?.split(', ').includes(request.method)
    // The route exists and called reply.callNotFound().
    if (allowed === null || hasMethod) throw new NotFound()
    reply.header('allow', allowed)
    if (request.method !== 'OPTIONS') throw new MethodNotAllowed()
    return reply.code(204).send()
  })
}

export default fp(notFound, { name: 'not-found', dependencies: ['config', 'errors'] })
