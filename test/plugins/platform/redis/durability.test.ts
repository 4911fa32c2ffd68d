import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildWithLog, type LogLine } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'

const warnings = (lines: LogLine[]) => lines.filter(({ level }) => level === 'warn').map(({ msg }) => `${msg}`)

/** Lets Redis go down and come back. */
async function recover(app: FastifyInstance) {
  app.circuitBreaker?.invalidate()
  await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted')
}

/** Repeats the recovery until this many lines are logged, because a busy Redis may miss one. */
async function recoverUntil(app: FastifyInstance, lines: LogLine[], count: number) {
  const isSaid = async () => warnings(lines).length >= count || recover(app).then(() => false)
  await waitUntil(isSaid, `${count} warnings`)
}

t.test('an evicting Redis causes one warning, and another after a change', { skip: noRedisProgram }, async (t) => {
  const { url, admin } = await startRedis()
  await admin.config('SET', 'appendonly', 'yes')
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const { app, lines } = await buildWithLog(t, { REDIS_URL: url })
  await recoverUntil(app, lines, 1)
  await recover(app)
  t.match(warnings(lines), [/^REDIS_URL: maxmemory-policy is allkeys-lru, .*set noeviction$/])

  await admin.config('SET', 'maxmemory-policy', 'volatile-ttl')
  await recoverUntil(app, lines, 2)
  t.match(warnings(lines), [/allkeys-lru/, /volatile-ttl/])
})

t.test('a Redis without an append-only file causes a warning', { skip: noRedisProgram }, async (t) => {
  const { url } = await startRedis()
  const { app, lines } = await buildWithLog(t, { REDIS_URL: url })
  await recoverUntil(app, lines, 1)
  t.match(warnings(lines), [/^REDIS_URL: appendonly is no, .*set yes$/])
})

t.test(
  'a well-configured Redis, or one that hides its configuration, causes no warning',
  { skip: noRedisProgram },
  async (t) => {
    const { url, admin, port } = await startRedis()
    await admin.call('ACL', 'SETUSER', 'shy', 'on', '>hunter2', '~*', '+@all', '-info', '-config')
    const shy = await buildWithLog(t, { REDIS_URL: `redis://shy:hunter2@127.0.0.1:${port}` })
    await recover(shy.app)
    t.same(warnings(shy.lines), [])

    await admin.config('SET', 'appendonly', 'yes')
    const { app, lines } = await buildWithLog(t, { REDIS_URL: url })
    await recover(app)
    t.same(warnings(lines), [])
  }
)
