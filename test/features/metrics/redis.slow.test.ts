import t from 'tap'
import { noRedisProgram, startRedis } from '../../redis.ts'
import { waitUntil } from '../../servers.ts'
import { buildMeasured } from './scrape.ts'

t.test('Redis is 1 while available and 0 during an outage', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const { values } = await buildMeasured(t, { REDIS_URL: redis.url })
  const name = 'dependency_up{dependency="redis"}'
  await waitUntil(async () => (await values())[name] === 1, 'it is there')
  await redis.stop()
  await waitUntil(async () => (await values())[name] === 0, 'the loss is noticed')
  const without = await buildMeasured(t)
  t.notOk(name in (await without.values()), 'and is not named where there is none')
})
