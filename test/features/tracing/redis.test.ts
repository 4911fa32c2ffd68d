import t from 'tap'
import { build, logIn } from '../../build.ts'
import { noRedis, redisUrl } from '../../redis.ts'
import { startCollector } from './collector.ts'

const [SERVER, CLIENT] = [2, 3]

t.test('the Redis commands of a request are spans within its span', { skip: noRedis }, async (t) => {
  const collector = await startCollector(t)
  const app = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, REDIS_URL: await redisUrl() })
  await logIn(app, 'ada')
  await app.close()

  const spans = collector.spans()
  const ofRedis = spans.filter(({ attributes }) => attributes['db.system.name'] === 'redis')
  t.ok(ofRedis.length > 0)
  const requests = spans.filter(({ kind }) => kind === SERVER).map(({ spanId }) => spanId)
  t.ok(
    spans.filter(({ kind }) => kind === CLIENT).every(({ parentSpanId }) => requests.includes(parentSpanId ?? '')),
    'and none for what the service asks by itself'
  )
})
