import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build } from '../../../build.ts'

const ask = (app: FastifyInstance, remoteAddress: string, url = '/api/auth', headers = {}) =>
  app.inject({ method: 'GET', url, remoteAddress, headers })

t.test('ASVS 2.4.1: replies state the remaining quota, and a request beyond it is 429 with Retry-After', async (t) => {
  const app = await build(t, { RATE_LIMIT_MAX: '2', RATE_LIMIT_WINDOW: '1h' })
  for (const remaining of ['1', '0']) {
    const { statusCode, headers } = await ask(app, '192.0.2.1')
    t.equal(statusCode, 200)
    t.match(headers, { 'ratelimit-limit': '2', 'ratelimit-remaining': remaining, 'ratelimit-reset': /^3(600|5\d\d)$/ })
  }
  const reply = await ask(app, '192.0.2.1')
  t.equal(reply.statusCode, 429)
  t.match(reply.json(), { status: 429, code: 'RATE_LIMITED', title: 'Too Many Requests' })
  t.match(reply.headers, {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'retry-after': /^3(600|5\d\d)$/,
    'ratelimit-limit': '2',
    'ratelimit-remaining': '0'
  })
  t.equal((await ask(app, '192.0.2.2')).statusCode, 200, 'another client is not meant')
})

t.test('ASVS 2.4.1: unknown paths, wrong methods and rejected bodies count too', async (t) => {
  const app = await build(t, { RATE_LIMIT_MAX: '4' })
  t.equal((await ask(app, '192.0.2.1', '/nowhere')).statusCode, 404)
  t.equal((await ask(app, '192.0.2.1', '/api/auth/login')).statusCode, 405)
  t.equal((await ask(app, '192.0.2.1', '/api/users/me')).statusCode, 401)
  const call = { method: 'POST', url: '/api/auth/login', remoteAddress: '192.0.2.1' } as const
  t.equal((await app.inject({ ...call, headers: { 'content-type': 'text/plain' }, payload: 'x' })).statusCode, 415)
  for (const url of ['/nowhere', '/api/auth/login', '/api/users/me', '/api/auth']) {
    const reply = await ask(app, '192.0.2.1', url)
    t.equal(reply.statusCode, 429, url)
    t.equal(reply.json().code, 'RATE_LIMITED')
  }
})

t.test('health checks are never limited', async (t) => {
  const app = await build(t, { RATE_LIMIT_MAX: '1' })
  for (let i = 0; i < 5; i++) {
    t.equal((await ask(app, '192.0.2.1', '/livez')).statusCode, 200)
    t.equal((await ask(app, '192.0.2.1', '/readyz')).statusCode, 200)
  }
  t.equal((await ask(app, '192.0.2.1')).statusCode, 200, 'nor do they count')
})

t.test('an IPv6 network is one client, whatever the spelling', async (t) => {
  const app = await build(t, { RATE_LIMIT_MAX: '2' })
  t.equal((await ask(app, '2001:db8:0:1::1')).statusCode, 200)
  t.equal((await ask(app, '2001:0db8:0000:0001:ffff:ffff:ffff:ffff')).statusCode, 200)
  t.equal((await ask(app, '2001:db8:0:1:abcd::7')).statusCode, 429)
  t.equal((await ask(app, '2001:db8:0:2::1')).statusCode, 200, 'the next network is another')
  t.equal((await ask(app, '192.0.2.9')).statusCode, 200)
  t.equal((await ask(app, '::ffff:192.0.2.9')).statusCode, 200)
  t.equal((await ask(app, '192.0.2.9')).statusCode, 429, 'IPv4 in IPv6 is IPv4')
})

const forged = [
  { 'x-forwarded-for': '203.0.113.7' },
  { 'x-forwarded-for': '203.0.113.8, 203.0.113.9' },
  { 'x-real-ip': '203.0.113.7' },
  { forwarded: 'for=203.0.113.7' },
  { 'x-forwarded-for': '10.0.0.1' },
  { 'x-forwarded-for': 'x'.repeat(10_000) },
  { 'x-forwarded-for': '' }
]
for (const TRUST_PROXY of ['', '10.0.0.0/8']) {
  t.test(
    `ASVS 4.1.3, 15.3.4: forged headers from an untrusted client change nothing (TRUST_PROXY=${TRUST_PROXY})`,
    async (t) => {
      const app = await build(t, { RATE_LIMIT_MAX: '1', TRUST_PROXY })
      t.equal((await ask(app, '192.0.2.1')).statusCode, 200)
      for (const headers of forged) t.equal((await ask(app, '192.0.2.1', '/api/auth', headers)).statusCode, 429)
    }
  )
}

t.test('ASVS 4.1.3, 15.3.4: behind a trusted proxy the right-most untrusted address counts', async (t) => {
  const app = await build(t, { RATE_LIMIT_MAX: '1', TRUST_PROXY: '10.0.0.0/8' })
  const through = async (forwarded: string) => {
    const reply = await ask(app, '10.1.1.1', '/api/auth', { 'x-forwarded-for': forwarded })
    return reply.statusCode
  }
  t.equal(await through('203.0.113.7'), 200)
  t.equal(await through('203.0.113.7'), 429)
  t.equal(await through('198.51.100.1, 203.0.113.7'), 429, 'a forged start')
  t.equal(await through('garbage, 203.0.113.7'), 429)
  t.equal(await through('203.0.113.7, 10.2.2.2'), 429, 'a second proxy behind')
  t.equal(await through('203.0.113.7, 198.51.100.1'), 200, 'another client')
  t.equal(await through('2001:db8::1'), 200)
  t.equal(await through('2001:db8::2'), 429)
})
