import fc from 'fast-check'
import t from 'tap'
import { type Rotation, rotateRefreshToken } from '../../../../src/plugins/identity/jwt/rotation.ts'
import { build, databases } from '../../../build.ts'
import { makeLogin } from '../auth/made.ts'

// Random histories of one token session: tabs, delays, lost replies, races, and thefts (RFC 9700, 4.14.2), with a fake clock.

const START = new Date('2026-03-01T12:00:00.000Z').getTime()
const GRACE = 30
const IDLE = 1000
const MAX_AGE = 4000

type Action =
  | { what: 'wait'; seconds: number }
  | { what: 'refresh'; who: number; isLost: boolean }
  | { what: 'race'; who: number; other: number }
  | { what: 'steal'; from: number; to: number }

const who = fc.nat({ max: 2 })
const wait = fc.record({
  what: fc.constant('wait' as const),
  seconds: fc.oneof(fc.integer({ min: 0, max: GRACE + 2 }), fc.integer({ min: GRACE - 1, max: 3 * GRACE }))
})
const action: fc.Arbitrary<Action> = fc.oneof(
  wait,
  fc.record({ what: fc.constant('refresh' as const), who, isLost: fc.boolean() }),
  fc.record({ what: fc.constant('race' as const), who, other: who }),
  fc.record({ what: fc.constant('steal' as const), from: who, to: who })
)
/** An owner whose tabs share their tokens. Each call may be lost several times, and is retried during the grace period. */
const honest = fc.array(
  fc.record({
    pause: fc.integer({ min: 0, max: 20 * GRACE }),
    lost: fc.array(fc.integer({ min: 0, max: GRACE / 3 - 1 }), { maxLength: 3 }),
    tabs: fc.integer({ min: 1, max: 4 })
  }),
  { minLength: 1, maxLength: 12 }
)

for (const database of databases) {
  const numRuns = database.isPostgres ? 15 : 150

  t.test(`histories of a token session on ${database.name}`, async (t) => {
    const { sessions, revocations, users, log } = await build(t, { DB_URI: await database.uri() })
    const names = { username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }
    const ada = await users.create(names, new Date(START))

    /** A new session, its clock, and a refresh that returns the generation or the error code. */
    async function begin(graceSeconds = GRACE) {
      const carrier = { kind: 'token' as const, secretHash: null, remember: true, ip: null, userAgent: null }
      const session = await makeLogin(sessions, ada, { ...carrier, idleTtl: IDLE, maxAge: MAX_AGE }, new Date(START))
      if (session === null) throw new Error('no session was made')
      const rotation: Rotation = { sessions, revocations, graceSeconds, idleTtl: IDLE, accessTtl: 900 }
      const clock = { seconds: 0 }
      const now = () => new Date(START + clock.seconds * 1000)
      async function refresh(gen: number): Promise<number | string> {
        const call = rotateRefreshToken(rotation, { log }, { sid: session?.id ?? '', gen }, now())
        return call.then(
          ({ session: { generation } }) => generation,
          ({ code }) => code
        )
      }
      const row = async () => (await sessions.find(session.id)) ?? session
      return { clock, now, refresh, row }
    }

    t.test('ASVS 10.4.5: have one live lineage, whatever tabs and thieves do, and end when they expire', async (t) => {
      const property = fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const { clock, now, refresh, row } = await begin()
        const held = [0, 0, 0]
        const of = (i: number) => held[i] ?? 0

        async function check(before: Awaited<ReturnType<typeof row>>, gen: number, answer: number | string) {
          const after = await row()
          if (typeof answer === 'number') {
            if (answer !== after.generation) throw new Error('two lineages')
            if (before.revokedAt || before.expiresAt <= now()) throw new Error('what had ended lives')
            if (after.generation > before.generation + 1) throw new Error('it rotated twice')
          }
          const isSpent = gen < before.generation && now().getTime() >= before.rotatedAt.getTime() + GRACE * 1000
          const isOlder = gen < before.generation - 1
          const isLive = before.revokedAt === null && before.expiresAt > now()
          if (isLive && (isSpent || isOlder) && (answer !== 'REFRESH_TOKEN_REUSED' || !after.revokedAt))
            throw new Error('a theft was not seen')
          if (after.expiresAt.getTime() > START + MAX_AGE * 1000) throw new Error('it outlives its absolute end')
        }

        for (const step of actions) {
          if (step.what === 'wait') clock.seconds += step.seconds
          if (step.what === 'steal') held[step.to] = of(step.from)
          if (step.what === 'refresh') {
            const before = await row()
            const answer = await refresh(of(step.who))
            await check(before, of(step.who), answer)
            if (typeof answer === 'number' && !step.isLost) held[step.who] = answer
          }
          if (step.what === 'race') {
            const gens = [of(step.who), of(step.other)]
            const answers = await Promise.all(gens.map(refresh))
            const won = new Set(answers.filter((answer) => typeof answer === 'number'))
            if (won.size > 1) throw new Error('two successors at once')
            const [first, second] = answers
            if (typeof first === 'number') held[step.who] = first
            if (typeof second === 'number') held[step.other] = second
          }
        }
        clock.seconds = MAX_AGE
        for (const gen of held) if (typeof (await refresh(gen)) === 'number') throw new Error('it lives for ever')
      })
      await t.resolves(fc.assert(property, { numRuns }))
    })

    t.test('ASVS 10.4.5: never log out an honest client that retries during the grace period', async (t) => {
      const property = fc.asyncProperty(honest, async (calls) => {
        const { clock, refresh, row } = await begin()
        let held = 0
        for (const { pause, lost, tabs } of calls) {
          clock.seconds += pause
          const { expiresAt } = await row()
          if (expiresAt.getTime() <= START + (clock.seconds + GRACE) * 1000) return
          // The first reply was lost. Several tabs retry at once during the grace period.
          for (const seconds of lost) {
            await refresh(held)
            clock.seconds += seconds
          }
          const answers = await Promise.all(Array.from({ length: tabs }, () => refresh(held)))
          for (const answer of answers) {
            if (typeof answer !== 'number') throw new Error(`an honest client got ${answer}`)
            if (answer !== answers[0]) throw new Error('tabs got different tokens')
          }
          held = answers[0] as number
        }
      })
      await t.resolves(fc.assert(property, { numRuns }))
    })

    t.test('ASVS 10.4.5: never leave a live token to both thief and owner after the grace period', async (t) => {
      const apart = fc.integer({ min: GRACE, max: 3 * GRACE })
      const order = fc.tuple(fc.array(fc.boolean(), { maxLength: 4 }), apart, apart, apart, fc.boolean())
      const property = fc.asyncProperty(order, async ([before, first, second, third, isThiefFirst]) => {
        const { clock, refresh, row } = await begin()
        const held = { owner: 0, thief: 0 }
        // Whatever they did during the grace period before.
        for (const isThief of before) {
          const answer = await refresh(isThief ? held.thief : held.owner)
          if (typeof answer === 'number') held[isThief ? 'thief' : 'owner'] = answer
          clock.seconds += 1
        }
        const [one, other] = isThiefFirst ? (['thief', 'owner'] as const) : (['owner', 'thief'] as const)
        clock.seconds += first
        const answer = await refresh(held[one])
        if (typeof answer === 'number') held[one] = answer
        clock.seconds += second
        const late = await refresh(held[other])
        clock.seconds += third
        const last = await refresh(held[one])
        if (typeof late === 'number' || typeof last === 'number') throw new Error('both live on')
        if ((await row()).revokedAt === null) throw new Error('the session was not ended')
      })
      await t.resolves(fc.assert(property, { numRuns }))
    })

    t.test('ASVS 10.4.5: accept each token once if there is no grace period', async (t) => {
      const gens = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 5 }), fc.boolean()), { maxLength: 12 })
      const property = fc.asyncProperty(gens, async (calls) => {
        const { clock, refresh } = await begin(0)
        const taken = new Set<number>()
        for (const [gen, seconds, isTwice] of calls) {
          clock.seconds += seconds
          const answers = await Promise.all(isTwice ? [refresh(gen), refresh(gen)] : [refresh(gen)])
          const good = answers.filter((answer) => typeof answer === 'number')
          if (good.length > 1 || (good.length === 1 && taken.has(gen))) throw new Error('a token was taken twice')
          if (good.length === 1) taken.add(gen)
        }
      })
      await t.resolves(fc.assert(property, { numRuns }))
    })
  })
}
