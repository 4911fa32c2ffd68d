import { randomUUIDv7 } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Blocklist } from '../../../src/plugins/blocklist/blocklist.ts'
import { createMemoryBlocklist } from '../../../src/plugins/blocklist/memory.ts'
import { createRedisBlocklist } from '../../../src/plugins/blocklist/redis.ts'
import type { Login } from '../../../src/plugins/db/types.ts'
import { build } from '../../build.ts'
import { noRedisProgram, startRedis, waitUntil } from '../../servers.ts'

const WINDOW_MS = 60_000

/** As much of a login as the list looks at, revoked so many ms ago. */
function revokedLogin(ago = 0, id = randomUUIDv7()) {
  return { id, kind: 'token', revokedAt: new Date(Date.now() - ago) } as Login
}

/** What both lists promise; each is new and empty. */
async function contract(t: Test, create: (windowMs: number) => Promise<Blocklist>) {
  t.test('cannot tell before it was told everything', async (t) => {
    const list = await create(WINDOW_MS)
    const login = revokedLogin()
    t.equal(await list.has(login.id), null)
    await list.add([login])
    t.equal(await list.has(randomUUIDv7()), null)
    await list.complete()
    t.equal(await list.has(login.id), true)
    t.equal(await list.has(randomUUIDv7()), false)
  })

  t.test('has what was added, one or many, again too, and nothing else', async (t) => {
    const list = await create(WINDOW_MS)
    await list.complete()
    const logins = [revokedLogin(), revokedLogin(10_000), revokedLogin(59_000)]
    await list.add(logins)
    await list.add(logins.slice(1))
    await list.add([])
    for (const { id } of logins) t.equal(await list.has(id), true)
    t.equal(await list.has(randomUUIDv7()), false)
  })

  t.test('does not keep those whose tokens have all ended', async (t) => {
    const list = await create(WINDOW_MS)
    await list.complete()
    const [old, other] = [revokedLogin(WINDOW_MS + 1), revokedLogin(WINDOW_MS - 5000)]
    await list.add([old, other])
    t.equal(await list.has(old.id), false)
    t.equal(await list.has(other.id), true)
  })

  t.test('forgets a login when its last token has ended, in whatever order they came', async (t) => {
    const list = await create(50)
    await list.complete()
    const [long, short] = [revokedLogin(0), revokedLogin(49)]
    await list.add([long, short])
    const isGone = async () => {
      await list.add([revokedLogin()])
      return (await list.has(short.id)) === false && (await list.has(long.id)) === false
    }
    await waitUntil(isGone, 'both are forgotten', 2000)
    t.ok(await isGone())
    await waitUntil(() => [0, null].includes(list.size()), 'those that came since count no more either', 2000)
  })
}

t.test('the blocklist in memory', async (t) => {
  await contract(t, async (windowMs) => createMemoryBlocklist(windowMs))
})

t.test('the blocklist in Redis', { skip: noRedisProgram }, async (t) => {
  const server = await startRedis()
  const app = await build(t, { REDIS_URL: server.url })
  const { redis } = app
  if (redis === null) throw new Error('REDIS_URL was set')
  const create = async (windowMs: number) => {
    await redis.client.flushall()
    return createRedisBlocklist(redis, windowMs)
  }
  await contract(t, create)

  t.test('is one for all replicas', async (t) => {
    const [first, second] = [await create(WINDOW_MS), createRedisBlocklist(redis, WINDOW_MS)]
    const login = revokedLogin()
    await first.complete()
    await first.add([login])
    t.equal(await second.has(login.id), true)
  })

  t.test('cannot tell once Redis was emptied', async (t) => {
    const list = await create(WINDOW_MS)
    const login = revokedLogin()
    await list.add([login])
    await list.complete()
    await redis.client.flushall()
    t.equal(await list.has(login.id), null)
    t.equal(await list.has(randomUUIDv7()), null)
  })

  t.test('cannot tell while Redis is gone, and does not take what it could not store', async (t) => {
    const list = await create(WINDOW_MS)
    await list.complete()
    await server.stop()
    t.equal(await list.has(randomUUIDv7()), null)
    await t.rejects(list.add([revokedLogin()]), { code: 'SERVICE_UNAVAILABLE' })
    await t.rejects(list.complete(), { code: 'SERVICE_UNAVAILABLE' })
    await t.rejects(list.check(), { code: 'SERVICE_UNAVAILABLE' })
    await t.resolves(list.add([revokedLogin(WINDOW_MS + 1)]), 'nothing to store')
  })
})
