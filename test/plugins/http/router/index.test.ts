import Fastify from 'fastify'
import t from 'tap'
import router from '../../../../src/plugins/http/router/index.ts'

t.test('routes are registered last, with their prefix, and see decorators that were added after them', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(router)
  app.mount('/api/late', async (scope) => {
    scope.get('', async () => ({ has: scope.hasDecorator('late') }))
  })
  app.decorate('late', true)
  await app.mountRoutes()

  const reply = await app.inject({ method: 'GET', url: '/api/late' })

  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { has: true })
})
