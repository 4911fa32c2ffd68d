import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const compose = readFileSync(join(import.meta.dirname, '../../deploy/compose.yaml'), 'utf8')
const { services } = parse(compose, { merge: true })

t.test('Redis of compose.yaml writes to disk, and never evicts revoked sessions', async (t) => {
  t.match(services.redis.command.join(' '), /--appendonly yes .*--maxmemory-policy noeviction/)
})

t.test('replicas count requests together', async (t) => {
  for (const name of ['app1', 'app2', 'app3']) t.match(services[name].environment, { RATE_LIMIT_SHARED: 'true' }, name)
})
