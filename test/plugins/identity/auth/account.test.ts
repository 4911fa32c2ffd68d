import Fastify from 'fastify'
import t from 'tap'
import { accountOf, freshUntil } from '../../../../src/plugins/identity/auth/account.ts'

t.test('ASVS 8.2.1, 8.3.1: a handler whose guard was forgotten answers 401', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorateRequest('account', null)
  app.get('/forgotten', async (request) => accountOf(request))
  const reply = await app.inject({ method: 'GET', url: '/forgotten' })
  t.equal(reply.statusCode, 401)
  t.equal(reply.json().code, 'UNAUTHENTICATED')
})

t.test('a session is fresh for the given seconds after authentication', async (t) => {
  t.strictSame(freshUntil(new Date('2026-03-01T12:00:00.123Z'), 600), new Date('2026-03-01T12:10:00.123Z'))
})
