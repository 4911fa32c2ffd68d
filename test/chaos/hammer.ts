import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import t from 'tap'
import { noRedisProgram } from '../redis.ts'
import { waitUntil } from '../wait.ts'
import { createClient } from './client.ts'
import { createActs } from './hammer/acts.ts'
import { createCalls } from './hammer/calls.ts'
import { startStage } from './hammer/chaos.ts'
import { createChecks } from './hammer/checks.ts'
import { createLedger, headOf, type Person } from './hammer/ledger.ts'
import { createRandom } from './hammer/random.ts'
import { createTokens } from './hammer/tokens.ts'

// Hammers three replicas, each reached directly, on one PostgreSQL and one Redis, and looks for a credential that has ended and is
// let in: npm run test:hammer [-- --minutes 10] [-- --seed 1234]. With --calm nothing goes wrong, and only calls meet.

const PEOPLE = 12
const WORKERS = 8
const REPLAYERS = 6
const [ACCESS_TTL_S, GRACE_S] = [24, 5]
/** For so long after its end a session is looked at: until its last access token has expired by any clock. */
const KEPT_MS = (ACCESS_TTL_S + 15) * 1000

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, calm: { type: 'boolean' } }
})
const durationMs = Number(values.minutes ?? 1) * 60_000
const seed = Number(values.seed ?? randomInt(2 ** 31))
const random = createRandom(seed)

/** What is promised, whatever happens; each is one line of the report. */
const PROMISES = [
  'what has ended is refused',
  'nobody is logged out',
  'an acknowledged password counts',
  'an acknowledged account is there',
  'a deleted account stays deleted',
  'a live session is found',
  'tabs that race get the same successor',
  'within the grace period the previous token gets the current one',
  'a refresh token is refused after its grace period',
  'a call that was 503 is acknowledged within 5 s of all being well',
  'a call that was 503 is 204 when it is repeated',
  'no other failure than 401, 404 and 503',
  'all is well afterwards'
]

t.setTimeout(durationMs + 300_000)
process.once('exit', () => {
  const { pass, fail } = t.counts
  process.stdout.write(`${pass} passed, ${fail} failed\n`)
})
if (noRedisProgram) t.bailout(noRedisProgram)

await t.test(
  `three replicas for ${durationMs / 1000} s, seed ${seed}`,
  { timeout: durationMs + 240_000 },
  async (t) => {
    const { ports, chaos } = await startStage(t, random.fork('chaos'), {
      // Cookies of one name at all replicas, whatever their ports, and a client address of each request.
      COOKIE_SECURE: 'true',
      TRUST_PROXY: '127.0.0.1',
      RATE_LIMIT_MAX: '1000000',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      ACCESS_TOKEN_TTL: `${ACCESS_TTL_S}s`,
      REFRESH_GRACE: `${GRACE_S}s`
    })
    const replicas = ports.map((port) => createClient({ port }))
    t.teardown(() => {
      for (const client of replicas) client.close()
    })
    const ledger = createLedger(chaos, KEPT_MS)
    const calls = createCalls(ledger, chaos, random.fork('calls'), replicas)
    const tokens = createTokens(ledger, calls, random.fork('tokens'), GRACE_S * 1000)
    const acts = createActs(ledger, calls, tokens, random.fork('acts'))
    const checks = createChecks(ledger, calls, acts, tokens, random.fork('checks'), replicas.length)

    for (let i = 0; i < PEOPLE; i++) await acts.newPerson()
    const end = performance.now() + durationMs
    const stopChaos = values.calm ? async () => {} : chaos.begin()
    async function repeat(what: () => Promise<unknown>, pauseMs: () => number) {
      while (performance.now() < end) {
        await what()
        await sleep(pauseMs())
      }
    }
    const settleSome = async () => {
      // A renewal that is still on its way would bring a session that its logout never saw.
      for (const login of ledger.doubtful)
        if ([...login.threats, ...headOf(login).threats].every(({ doneAt }) => doneAt !== null))
          await acts.settle(login)
    }
    const pauses = random.fork('pauses')
    const actAtOnce = async () => {
      const person = pauses.some(ledger.people) as Person
      await Promise.all(Array.from({ length: pauses.isTrue(0.2) ? 3 : 1 }, () => acts.act(person)))
    }
    await Promise.all([
      ...Array.from({ length: WORKERS }, () => repeat(actAtOnce, () => pauses.between(50, 250))),
      ...Array.from({ length: REPLAYERS }, () => repeat(checks.replaySome, () => 5)),
      repeat(checks.lookAtSome, () => 10),
      repeat(checks.lookAtSome, () => 10),
      repeat(settleSome, () => 100),
      repeat(
        async () => ledger.forgetOld(),
        () => 1000
      )
    ])
    await stopChaos()

    const isReady = async ({ ask }: (typeof replicas)[number]) => (await ask('', 'GET', '/readyz')).status === 200
    await waitUntil(async () => (await Promise.all(replicas.map(isReady))).every(Boolean), 'all are ready', 30_000)
    for (let i = 0; i < 20 && ledger.doubtful.size > 0; i++) await settleSome()
    await checks.everything()
    await checks.accounts()

    const { logins, ended } = ledger.counts()
    const { replays, looks } = checks.counts()
    t.comment(`${ledger.people.length + ledger.gone.length} accounts, ${logins} logins, ${ended} sessions ended`)
    t.comment(`${replays} times what had ended was replayed, ${looks} times what lives was looked at`)
    for (const [what, count] of ledger.notes) t.comment(`${what}: ${count}`)
    t.ok(ended > 20 && replays > 100 && looks > 100, 'it hammered')
    // Each failure was printed when it was seen.
    for (const promise of PROMISES) t.equal(ledger.failures.get(promise)?.length ?? 0, 0, promise)
    t.same(
      [...ledger.failures.keys()].filter((promise) => !PROMISES.includes(promise)),
      [],
      'every promise is listed'
    )
  }
)
// What is still on its way when a check has thrown keeps nobody waiting.
setTimeout(() => process.exit(), 5000).unref()
