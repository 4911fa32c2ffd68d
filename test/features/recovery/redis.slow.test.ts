import t from 'tap'
import { logIn, PASSWORD, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedisProgram, startRedis } from '../../redis.ts'
import { waitUntil } from '../../servers.ts'
import { buildWithMail } from './mails.ts'

const NEXT = 'another long password'

for (const transport of transports)
  t.test(
    `while Redis is down, a reset and a change of address by ${transport.kind} are 503, change nothing, and can be repeated`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const { app, codeTo } = await buildWithMail(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const eve = await logIn(app, 'eve', transport)
      await redis.stop()

      const asked = await call(app, ada, 'POST /api/users/me/email', { email: 'new@example.com' })
      t.equal(asked.statusCode, 202, 'codes need no Redis')
      const change = { ticket: asked.json().ticket, code: await codeTo('new@example.com', /change your email/) }
      const payload = { email: 'eve@example.com' }
      const forgot = await app.inject({ method: 'POST', url: '/api/auth/password-reset', payload })
      t.equal(forgot.statusCode, 202, 'codes need no Redis')
      const code = await codeTo('eve@example.com', /reset your password/)
      const reset = { ticket: forgot.json().ticket, code, newPassword: NEXT }
      const finishChange = () => call(app, ada, 'PUT /api/users/me/email', change)
      const finishReset = () => app.inject({ method: 'PUT', url: '/api/auth/password-reset', payload: reset })

      for (const finish of [finishChange, finishReset]) {
        const refused = await finish()
        t.match(refused.json(), { status: 503, code: 'SERVICE_UNAVAILABLE' })
        t.notOk(refused.headers['set-cookie'], 'the cookie is untouched')
      }
      t.match((await call(app, ada, 'GET /api/users/me')).json(), { email: 'ada@example.com' })
      t.equal((await call(app, eve, 'GET /api/auth/whoami')).statusCode, 200)
      await t.resolves(transport.logIn(app, 'eve', { password: PASSWORD }))

      await redis.start()
      await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
      t.equal((await finishReset()).statusCode, 204)
      t.equal((await finishChange()).statusCode, transport.kind === 'cookie' ? 204 : 200)
      await t.resolves(transport.logIn(app, 'eve', { password: NEXT }))
      await t.resolves(transport.logIn(app, 'new@example.com'))
    }
  )
