import { connect } from 'node:net'
import t from 'tap'
import { buildWithLog, type LogLine, logIn, PASSWORD, transports } from '../../../build.ts'
import { waitUntil } from '../../../servers.ts'
import { buildWithRoutes } from '../errors/app.ts'
import { exchange, listen } from '../errors/raw.ts'

const requestsOf = (lines: LogLine[]) => lines.filter(({ msg }) => msg === 'request')

t.test(
  'ASVS 16.2.1, 16.2.2, 16.2.4: each request is one line: method, route, status, duration, user, and address',
  async (t) => {
    const { app, lines } = await buildWithLog(t)
    const { user, headers } = await logIn(app, 'ada')
    const rows: [method: 'GET' | 'DELETE', url: string, route: string | null, status: number, userId?: string][] = [
      ['GET', '/api/users/me?secret=hunter2', '/api/users/me', 200, user.id],
      ['GET', '/api/probe/hunter2', '/api/probe/:id', 404, user.id],
      ['GET', '/hunter2', null, 404],
      ['DELETE', '/api/auth/login', null, 405],
      ['GET', '/hunter2%zz', null, 400],
      ['GET', `/api/probe/${'hunter2'.repeat(20)}`, null, 414]
    ]
    for (const [method, url, route, status, userId] of rows) {
      lines.length = 0
      const reply = await app.inject({ method, url, headers, remoteAddress: '192.0.2.1' })
      t.equal(reply.statusCode, status, url)
      const [line, ...more] = requestsOf(lines)
      t.match(line, { level: 'info', method, route, status, durationMs: Number, ip: '192.0.2.1', requestId: String })
      t.equal(line?.['userId'], userId)
      t.match(line?.['time'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      if (status >= 400) t.equal(reply.json().requestId, line?.['requestId'], 'the id is that of the reply')
      t.same(more, [])
      t.notMatch(JSON.stringify(lines), /hunter2/)
    }
  }
)

t.test('ASVS 16.2.2: every line that a route or its child loggers log has the id of that request', async (t) => {
  const { app, lines } = await buildWithRoutes(t, (app) => {
    app.get('/logging', async ({ log }) => {
      log.warn('a text')
      log.info({ count: 1 }, 'an object')
      log.child({ step: 2 }).error('of a child')
    })
    app.get('/silent', { logLevel: 'silent' }, async ({ log }) => log.fatal('not told'))
  })
  const ids = []
  for (let i = 0; i < 2; i++) {
    lines.length = 0
    await app.inject('/logging')
    const { requestId } = requestsOf(lines)[0] ?? {}
    ids.push(requestId)
    t.match(lines, [
      { level: 'warn', msg: 'a text', requestId },
      { level: 'info', msg: 'an object', count: 1, requestId },
      { level: 'error', msg: 'of a child', step: 2, requestId },
      { msg: 'request', requestId }
    ])
    t.equal(lines.length, 4)
  }
  t.equal(new Set(ids).size, 2)
  lines.length = 0
  app.log.info('of no request')
  await app.inject('/silent')
  t.equal(lines.length, 1)
  t.notOk('requestId' in (lines[0] ?? {}))
})

t.test('ASVS 16.4.1: no header can break a line or choose the request id', async (t) => {
  const { app, lines } = await buildWithLog(t, { TRUST_PROXY: '127.0.0.1' })
  const values = [
    '\u001b[31mred',
    '\u0007',
    'a\tb',
    '\u2028',
    '{"level":"fatal"}',
    '"',
    'x'.repeat(10_000),
    '\u202eabc'
  ]
  for (const value of values) {
    for (const name of ['user-agent', 'x-forwarded-for', 'x-request-id', 'request-id', 'referer', 'origin', 'host']) {
      lines.length = 0
      const reply = await app.inject({ method: 'GET', url: '/api/auth', headers: { [name]: value } })
      t.equal(reply.statusCode, 200)
      t.match(requestsOf(lines), [{ requestId: /^[\da-f-]{36}$/, status: 200 }], name)
      t.equal(lines.length, 1)
    }
  }
})

t.test('ASVS 16.4.1: CR and LF in a header never reach the log', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const port = await listen(app)
  lines.length = 0
  await exchange(port, 'GET /livez HTTP/1.1\r\nHost: x\r\nUser-Agent: a\n{"level":"fatal"}\r\n\r\n')
  await exchange(port, 'GET /livez HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r{"level":"fatal"}\r\n\r\n')
  t.notMatch(JSON.stringify(lines), /fatal/)
})

t.test('ASVS 16.2.5: the log of a whole session contains no secret', async (t) => {
  const { app, lines } = await buildWithLog(t, { LOG_LEVEL: 'trace' })
  const secrets = [PASSWORD, 'hunter2', app.config.SECRET_KEY[0] ?? '']
  for (const [i, transport] of transports.entries()) {
    const { headers, body } = await logIn(app, `ada${i}`, transport)
    secrets.push(...Object.values(headers).map((value) => value.replace(/^(Bearer |[^=]*=)/, '')))
    if (body['refreshToken']) secrets.push(body['refreshToken'])
    await app.inject({ method: 'GET', url: '/api/users/me', headers })
    await app.inject({ method: 'GET', url: `/api/users/me?access_token=${secrets.at(-1)}` })
    const payload = { usernameOrEmail: 'hunter2', password: 'hunter2', authType: transport.kind }
    await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    await app.inject({ method: 'POST', url: '/api/auth/login', payload: { ...payload, usernameOrEmail: `ada${i}` } })
    await app.inject({ method: 'POST', url: '/api/auth/login', payload: { ...payload, hunter2: true } })
    const forged = Object.entries(headers).map(([name, value]) => [name, `${value}hunter2`])
    await app.inject({ method: 'GET', url: '/api/users/me', headers: Object.fromEntries(forged) })
    await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
    await app.inject({ method: 'GET', url: '/api/users/me', headers })
  }
  const log = JSON.stringify(lines)
  t.ok(requestsOf(lines).length >= 10 * transports.length)
  for (const secret of secrets) t.notOk(log.includes(secret), `${secret.slice(0, 12)}… is not in the log`)
  t.notMatch(log, /argon2id/)
})

t.test('a request that the client aborted is also one line', async (t) => {
  const steps: string[] = []
  const { app, lines } = await buildWithRoutes(t, (app) =>
    app.get('/slow', async (request) => {
      const aborted = new Promise((resolve) => request.raw.socket.once('close', resolve))
      steps.push('begun')
      await aborted
      steps.push('ended')
      return {}
    })
  )
  const socket = connect(await listen(app), '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await waitUntil(() => steps.includes('begun'), 'the request arrived')
  lines.length = 0
  socket.destroy()
  await waitUntil(() => steps.includes('ended') && lines.length > 0, 'the request ended, and its line')
  await app.inject({ method: 'GET', url: '/livez' })
  t.match(lines, [{ msg: 'request aborted', method: 'GET', route: '/slow', ip: '127.0.0.1' }, { route: '/livez' }])
  t.equal(lines.length, 2)
})
