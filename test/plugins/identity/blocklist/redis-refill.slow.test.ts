import postgres from 'postgres'
import t from 'tap'
import { build, type LoggedIn, logIn, signUp, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { ADDED, addRevocations } from '../../../revocations.ts'
import { migratedPostgresUri, waitUntil } from '../../../servers.ts'

/** The number of revocations of a refill, during which Redis is emptied. */
const REVOCATIONS = 4000
/** The number of watched sessions per transport; their entries are in different parts of the blocklist. */
const WATCHED = 5

t.test(
  'ASVS 7.4.1: no replica accepts a revoked session when Redis is emptied while another replica starts',
  { skip: noRedisProgram, timeout: 60_000 },
  async (t) => {
    const redis = await startRedis()
    const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: redis.url }
    const sql = postgres(environment.DB_URI, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end({ timeout: 0 }))
    const replicas = [await build(t, environment), await build(t, environment)]
    const [first, second] = replicas as [(typeof replicas)[number], (typeof replicas)[number]]

    async function whoami(app: (typeof replicas)[number], { headers }: LoggedIn) {
      const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
      return `${reply.statusCode} ${reply.json().code ?? reply.json().kind}`
    }

    await signUp(first, 'ada')
    const revoked: (LoggedIn & { refusal: string })[] = []
    for (const { kind, ...transport } of transports) {
      for (let i = 0; i < WATCHED; i++) {
        const login = await transport.logIn(first, 'ada')
        const reply = await second.inject({ method: 'POST', url: '/api/auth/logout', headers: login.headers })
        t.equal(reply.statusCode, 204)
        revoked.push({ ...login, refusal: kind === 'cookie' ? '401 SESSION_REVOKED' : '401 TOKEN_REVOKED' })
      }
    }
    const live = await logIn(first, 'eve')
    // A refill writes in the order of revocation: the watched ones come first, so those are lost.
    await sql`update sessions set revoked_at = revoked_at - interval '1 minute' where revoked_at is not null`
    await addRevocations(sql, REVOCATIONS, 1)

    const monitor = await redis.admin.monitor()
    t.teardown(() => monitor.disconnect())
    let [written, writtenAt, emptied] = [0, 0, false]
    monitor.on('monitor', (_time: string, words: string[]) => {
      const count = words.join(' ').split(ADDED).length - 1
      if (count === 0) return
      written += count
      writtenAt = performance.now()
      if (written < REVOCATIONS / 2 || emptied) return
      emptied = true
      redis.admin.flushall()
    })

    const seen = new Set<string>()
    async function ask() {
      for (const app of replicas) {
        for (const login of revoked) {
          const answer = await whoami(app, login)
          if (answer !== login.refusal) seen.add(`replica ${replicas.indexOf(app)}: ${answer}`)
        }
        t.equal((await whoami(app, live)).slice(0, 3), '200', 'what lives is let in')
      }
    }
    // No request meanwhile: a replica that gets one would notice that Redis is empty, and fill it too.
    replicas.push(await build(t, environment))
    await waitUntil(() => emptied, 'Redis was emptied in the middle', 30_000)
    const isWritten = async () => {
      await ask()
      return performance.now() - writtenAt > 500
    }
    await waitUntil(isWritten, 'nothing more is written to Redis', 30_000)

    t.strictSame([...seen], [], 'what was revoked is refused, at any time, by every replica')
  }
)
