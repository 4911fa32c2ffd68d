import { createRequire } from 'node:module'
import t from 'tap'
import { build } from '../../build.ts'

t.test('ASVS 13.4.5: without METRICS_PORT, there are no metrics, and their code is not loaded', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'GET', url: '/metrics' })
  t.equal(reply.statusCode, 404)
  t.equal(reply.json().code, 'NOT_FOUND')
  t.equal(app.metrics, null)
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  t.ok(
    loaded.some((path) => path.includes('fastify')),
    'what is loaded can be seen'
  )
  t.notOk(loaded.some((path) => path.includes('@prometheus-io')))
})
