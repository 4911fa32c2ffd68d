import t from 'tap'
import { type Environment, readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { testEnvironment } from '../../../build.ts'

const read = (environment: Environment) => readSettings({ ...testEnvironment, ...environment })

t.test('invalid addresses are refused by name', async (t) => {
  const addresses = [
    'http://host',
    'localhost:6379',
    'redis://',
    'redis://a,b',
    'redis+cluster://a/1',
    'redis+sentinel://a'
  ]
  for (const REDIS_URL of addresses)
    t.throws(() => read({ REDIS_URL }), { message: /^REDIS_URL must be [^\n]*$/ }, REDIS_URL)
})

t.test('addresses of real deployments are accepted, and an empty one counts as not set', async (t) => {
  for (const REDIS_URL of [
    'rediss://user:pass@host:6380/0',
    'redis+cluster://:pass@host1:6379,host2',
    'rediss+sentinel://:pass@host1,host2:26379/main/0?sentinelPassword=pass'
  ])
    t.match(read({ REDIS_URL, RATE_LIMIT_SHARED: 'true' }), { REDIS_URL, RATE_LIMIT_SHARED: true })
  t.equal(read({ REDIS_URL: '' }).REDIS_URL, null)
})

t.test('RATE_LIMIT_SHARED without REDIS_URL is refused, along with every other fault', async (t) => {
  const message = /^ {2}PORT .*\n {2}RATE_LIMIT_SHARED=true needs REDIS_URL$/m
  t.throws(() => read({ RATE_LIMIT_SHARED: 'true', PORT: 'x' }), { message })
})
