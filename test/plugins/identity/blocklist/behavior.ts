import { randomUUIDv7 } from 'node:crypto'
import type { Test } from 'tap'
import { type Blocklist, windowOf } from '../../../../src/plugins/identity/blocklist/blocklist.ts'
import { waitUntil } from '../../../servers.ts'

const ACCESS_TTL = 50
export const WINDOW_MS = windowOf(ACCESS_TTL)

/** A session that was revoked this many ms ago, as the blocklist gets it. */
export function revokedLogin(ago = 0, accessTtl = ACCESS_TTL) {
  return { id: randomUUIDv7(), revokedAt: new Date(Date.now() - ago), accessTtl }
}

export const complete = async (list: Blocklist) => (await list.begin())()

/** Tests of what both blocklists promise; `create` returns a new, empty one. */
export async function testBlocklist(t: Test, create: () => Promise<Blocklist>) {
  t.test('cannot tell before the first resync is complete', async (t) => {
    const list = await create()
    const login = revokedLogin()
    t.equal(await list.has(login.id), 'ask-sql')
    const end = await list.begin()
    await list.add([login])
    t.equal(await list.has(randomUUIDv7()), 'ask-sql')
    await end()
    t.equal(await list.has(login.id), true)
    t.equal(await list.has(randomUUIDv7()), false)
  })

  t.test('holds exactly what was added, also when added twice', async (t) => {
    const list = await create()
    await complete(list)
    const sessions = [revokedLogin(), revokedLogin(10_000), revokedLogin(59_000)]
    await list.add(sessions)
    await list.add(sessions.slice(1))
    await list.add([])
    for (const { id } of sessions) t.equal(await list.has(id), true)
    t.equal(await list.has(randomUUIDv7()), false)
  })

  t.test('does not hold a session whose tokens have all expired', async (t) => {
    const list = await create()
    await complete(list)
    const [old, other] = [revokedLogin(WINDOW_MS + 1), revokedLogin(WINDOW_MS - 5000)]
    await list.add([old, other])
    t.equal(await list.has(old.id), false)
    t.equal(await list.has(other.id), true)
  })

  t.test('holds a session as long as its longest-lived access token', async (t) => {
    const list = await create()
    await complete(list)
    const [short, long] = [revokedLogin(WINDOW_MS + 1), revokedLogin(WINDOW_MS + 1, 1800)]
    await list.add([short, long])
    t.equal(await list.has(short.id), false)
    t.equal(await list.has(long.id), true)
  })

  t.test(
    'ASVS 7.4.1: holds a session while a clock that is 5 s behind or ahead still accepts its tokens',
    async (t) => {
      const list = await create()
      await complete(list)
      const login = revokedLogin((ACCESS_TTL + 9) * 1000)
      await list.add([login])
      t.equal(await list.has(login.id), true)
    }
  )

  t.test('forgets sessions when their last token has expired, in whatever order they were added', async (t) => {
    const list = await create()
    await complete(list)
    const [long, short] = [revokedLogin(WINDOW_MS - 100), revokedLogin(WINDOW_MS - 50)]
    await list.add([long, short])
    const isGone = async () => {
      await list.add([revokedLogin(WINDOW_MS - 20)])
      return (await list.has(short.id)) === false && (await list.has(long.id)) === false
    }
    await waitUntil(isGone, 'both are forgotten', 2000)
    t.ok(await isGone())
    await waitUntil(() => [0, null].includes(list.size()), 'those that came since count no more either', 2000)
  })

  t.test(
    'keeps a revocation when a preparation comes late, and takes back a preparation that was not needed',
    async (t) => {
      const list = await create()
      await complete(list)
      const [ended, live] = [revokedLogin(), revokedLogin()]
      await list.add([ended])
      const cancel = await list.prepare([ended, live])
      t.equal(await list.has(ended.id), true)
      t.not(await list.has(live.id), true, 'nobody is refused before it was ended')
      await cancel()
      t.equal(await list.has(ended.id), true)
      t.equal(await list.has(live.id), false)
    }
  )
}
