import t from 'tap'
import { createRedisCounter } from '../../../../src/plugins/identity/throttle/redis.ts'
import { noRedis } from '../../../redis.ts'
import { connect } from './redis.ts'

t.test('in Redis a counter at zero has no key, and every key expires', { skip: noRedis }, async (t) => {
  const redis = await connect(t)
  const name = `${Math.random()}`
  const counter = createRedisCounter(redis, name, 1000)
  await counter.subtract('a')
  t.equal(await redis.exists(`${name}:a`), 0)
  await redis.set(`${name}:a`, '3')
  t.match(await counter.add('a'), { count: 4, msLeft: 1_000_000 })
  t.ok((await redis.pttl(`${name}:a`)) > 0)
})
