import t from 'tap'
import { build } from '../../../build.ts'

t.test('the page has its own policy, and loads everything from this service', async (t) => {
  const app = await build(t, { API_DOCS: 'true' })
  const page = await app.inject({ method: 'GET', url: '/docs' })
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], /^text\/html/)
  const policy = `${page.headers['content-security-policy']}`
  for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
    t.ok(policy.split('; ').includes(part), part)
  }
  t.notMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline|https?:/)
  t.match(page.headers, { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })

  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source)
  t.ok(sources.length > 3)
  for (const source of sources) {
    const reply = await app.inject({ method: 'GET', url: new URL(source, 'http://x/docs').pathname })
    t.notMatch(source, /^(https?:)?\/\//, `${source} is local`)
    t.equal(reply.statusCode, 200, source)
  }
})

t.test('the page has no inline script', async (t) => {
  const app = await build(t, { API_DOCS: 'true' })
  const page = await app.inject({ method: 'GET', url: '/docs' })
  t.notMatch(page.body, /<script(?![^>]*\ssrc=)[^>]*>\s*\S/, 'its policy would block it')
})

t.test('GET / names the API reference where there is one', async (t) => {
  const start = async (API_DOCS: string) =>
    (await build(t, { API_DOCS })).inject({ method: 'GET', url: '/', headers: { accept: 'text/html' } })
  const reply = await start('true')
  t.equal(reply.statusCode, 200)
  t.same(reply.json(), { name: 'Fastify minimal starter', docs: '/docs' })
  t.equal((await start('false')).statusCode, 404)
})
