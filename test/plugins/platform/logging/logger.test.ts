import t from 'tap'
import { buildWithLog } from '../../../build.ts'

t.test('LOG_LEVEL sets the least severe level that is logged', async (t) => {
  for (const [level, count] of [
    ['info', 1],
    ['warn', 0],
    ['silent', 0]
  ] as const) {
    const { app, lines } = await buildWithLog(t, { LOG_LEVEL: level })
    lines.length = 0
    t.equal((await app.inject({ method: 'GET', url: '/livez' })).statusCode, 200)
    t.equal(lines.length, count, level)
  }
})

t.test('members that may hold secrets are left out of a line', async (t) => {
  const { app, lines } = await buildWithLog(t)
  lines.length = 0
  const secret = 'hunter2'
  app.log.info({ body: { password: secret, newPassword: secret, currentPassword: secret, refreshToken: secret } }, 'x')
  app.log.info(
    { headers: { authorization: secret, cookie: secret }, reply: { accessToken: secret }, password: secret },
    'x'
  )
  t.equal(lines.length, 2)
  t.notMatch(JSON.stringify(lines), secret)
})
