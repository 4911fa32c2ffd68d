import t from 'tap'
import { createRefusedOriginLog } from '../../../../src/plugins/http/cors/refused-origins.ts'
import { buildWithLog } from '../../../build.ts'

const LISTED = 'https://app.example.com'

t.test('a refused origin is logged with the setting, whatever the page sends', async (t) => {
  for (const CORS_API_ORIGINS of [LISTED, '']) {
    const { app, lines } = await buildWithLog(t, { CORS_API_ORIGINS })
    const calls = [
      { method: 'GET', url: '/api/auth', headers: { origin: 'http://localhost:5174' } },
      { method: 'POST', url: '/api/auth/login', headers: { origin: 'http://localhost:5175', cookie: 'a=b' } },
      {
        method: 'OPTIONS',
        url: '/api/auth/login',
        headers: { origin: 'http://localhost:5176', 'access-control-request-method': 'POST' }
      },
      { method: 'GET', url: '/api/auth', headers: { origin: 'null' } }
    ] as const
    for (const call of [...calls, ...calls]) await app.inject(call)
    const logged = lines.filter(({ origin }) => origin !== undefined)
    t.match(logged, [
      { level: 'warn', origin: 'http://localhost:5174', msg: /add its origin to CORS_API_ORIGINS/ },
      { origin: 'http://localhost:5175' },
      { origin: 'http://localhost:5176' },
      { origin: 'null', msg: /serve it from a web server/ }
    ])
    t.equal(logged.length, calls.length, 'once each')
  }
})

t.test('a listed origin, the own one, and what no browser sends are not logged', async (t) => {
  const { app, lines } = await buildWithLog(t, { CORS_API_ORIGINS: LISTED, COOKIE_SECURE: 'false' })
  for (const origin of [LISTED, 'http://localhost:80', 'hunter2', `https://${'x'.repeat(300)}`, 'https://a b'])
    await app.inject({ method: 'GET', url: '/api/auth', headers: { origin, host: 'localhost' } })
  t.same(
    lines.filter(({ origin }) => origin !== undefined),
    []
  )
})

t.test('the log of refused origins is bounded: once a minute for each, and few of them', async (t) => {
  const logged: unknown[] = []
  const log = createRefusedOriginLog({ warn: (line: object) => void logged.push(line) })
  const minute = (count: number) => new Date(count * 60_000)
  for (let i = 0; i < 1000; i++) log(`https://${i % 500}.example`, minute(1))
  t.equal(logged.length, 20)
  log('https://0.example', new Date(minute(2).getTime() - 1))
  t.equal(logged.length, 20)
  log('https://0.example', minute(2))
  t.equal(logged.length, 21, 'again in the next minute')
})
