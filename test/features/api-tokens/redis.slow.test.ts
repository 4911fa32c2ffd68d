import t from 'tap'
import { build, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedisProgram, startRedis } from '../../redis.ts'
import { listTokens, makeToken, outcome, probeWith, TOKENS } from './calls.ts'

t.test('API tokens need no Redis', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const app = await build(t, { REDIS_URL: redis.url })
  const ada = await logIn(app, 'ada')
  const before = await makeToken(app, ada)
  await redis.stop()
  t.equal(await probeWith(app, before), '200')
  const made = await makeToken(app, ada)
  t.equal(await probeWith(app, made), '200')
  t.equal((await listTokens(app, ada)).length, 2)
  t.equal(outcome(await call(app, ada, `DELETE ${TOKENS}/${before.id}`)), '204')
  t.equal(await probeWith(app, before), '401 INVALID_TOKEN')
})
