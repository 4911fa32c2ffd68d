import postgres from 'postgres'
import t, { type Test } from 'tap'
import { PASSWORD } from '../../../build.ts'
import { shiftedClock } from '../../../clock.ts'
import { freshFolder, post, settled, signUpBy, startListening } from '../../../process.ts'
import { withRedis } from '../../../redis.ts'
import { migratedPostgresUri, waitUntil } from '../../../servers.ts'

// Two replicas run as processes of their own, and the clock of one is ahead.

/** Each replica accepts tokens from five seconds before nbf until five seconds after exp. */
const [TOLERATED_MS, TOO_MUCH_MS] = [4000, 20_000]

type Replica = { name: string; url: string }
type Tokens = { accessToken: string; refreshToken: string; code?: string }

async function startBoth(t: Test, aheadMs: number, environment: Record<string, string>) {
  const uri = await migratedPostgresUri()
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 0 }))
  const shared = { ...settled, RATE_LIMIT_MAX: '1000000', DB_URI: uri, DB_MIGRATE: 'auto', ...environment }
  const { url } = await startListening(t, freshFolder(t), shared)
  const right: Replica = { name: 'the replica with the right time', url }
  const other = await startListening(t, freshFolder(t), { ...shared, ...shiftedClock(aheadMs / 1000) })
  const ahead: Replica = { name: 'the replica that is ahead', url: other.url }
  await signUpBy(url, 'ada')
  return { right, ahead, sql }
}

async function logIn({ url }: Replica) {
  const reply = await post(`${url}/api/auth/login`, { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' })
  return (await reply.json()) as Tokens
}

const bearer = ({ accessToken }: Tokens) => ({ authorization: `Bearer ${accessToken}` })

const logOut = async ({ url }: Replica, tokens: Tokens) =>
  (await post(`${url}/api/auth/logout`, undefined, bearer(tokens))).status

/** The code of a refusal, or the status of a success. */
async function whoami({ url }: Replica, tokens: Tokens) {
  const reply = await fetch(`${url}/api/auth/whoami`, { headers: bearer(tokens) })
  const { code } = (await reply.json()) as { code?: string }
  return code ?? `${reply.status}`
}

/** The new tokens, or the code of a refusal. */
async function refresh({ url }: Replica, { refreshToken }: Tokens) {
  return (await (await post(`${url}/api/auth/token-refresh`, { refreshToken })).json()) as Tokens
}

const stores = [
  { name: 'without Redis', skip: false as const, environment: async () => ({}) },
  { name: 'with Redis', ...withRedis }
]
for (const store of stores) {
  t.test(
    `ASVS 7.4.1: a logout is final while clocks differ by less than the tolerance, ${store.name}`,
    { skip: store.skip, timeout: 60_000 },
    async (t) => {
      const environment = { ACCESS_TOKEN_TTL: '4s', ...(await store.environment()) }
      const { right, ahead } = await startBoth(t, TOLERATED_MS, environment)
      // The worst pair first: the token that expires last, and the revocation that is dropped first.
      const both = [right, ahead]
      const ended: { name: string; tokens: Tokens }[] = []
      for (const issuer of [ahead, right]) {
        for (const ender of both) {
          const tokens = await logIn(issuer)
          const name = `issued by ${issuer.name} and ended by ${ender.name}`
          for (const replica of both) t.equal(await whoami(replica, tokens), '200', `${name}: good at ${replica.name}`)
          t.equal(await logOut(ender, tokens), 204, name)
          ended.push({ name, tokens })
        }
      }
      const askAll = () =>
        Promise.all(
          ended.flatMap(({ name, tokens }) =>
            both.map(async (replica) => ({
              name: `${name}, at ${replica.name}`,
              answer: await whoami(replica, tokens)
            }))
          )
        )
      // Without Redis, a replica learns of logouts at the other one once a second.
      const isHeard = async () => (await askAll()).every(({ answer }) => answer !== '200')
      await waitUntil(isHeard, 'both replicas know of all logouts')

      const letIn = new Set<string>()
      const isExpired = async () => {
        const answers = await askAll()
        for (const { name, answer } of answers) if (answer === '200') letIn.add(name)
        return answers.every(({ answer }) => answer === 'TOKEN_EXPIRED')
      }
      await waitUntil(isExpired, 'the last token has expired by either clock', 30_000)
      t.strictSame([...letIn], [], 'nothing that ended is let in again')
    }
  )
}

t.test('during the grace period, both replicas accept a rotated refresh token while clocks differ', async (t) => {
  const { right, ahead, sql } = await startBoth(t, TOLERATED_MS, { REFRESH_GRACE: '15s' })
  for (const rotator of [right, ahead]) {
    const first = await logIn(rotator)
    // The login started a grace period too, which has ended here.
    await sql`update sessions set rotated_at = rotated_at - interval '1 minute'`
    const second = await refresh(rotator, first)
    t.notMatch(second.refreshToken, first.refreshToken, `${rotator.name} rotates`)
    for (const replica of [right, ahead]) {
      for (const tokens of [first, second])
        t.equal((await refresh(replica, tokens)).refreshToken, second.refreshToken, `the successor at ${replica.name}`)
      t.equal(await whoami(replica, second), '200')
    }
  }
})

t.test('without a grace period, a refresh token works once while clocks differ', async (t) => {
  const { right, ahead } = await startBoth(t, TOLERATED_MS, { REFRESH_GRACE: '0' })
  for (const [here, there] of [
    [right, ahead],
    [ahead, right]
  ] as const) {
    const first = await logIn(here)
    const second = await refresh(here, first)
    const third = await refresh(there, second)
    t.equal(third.code, undefined, `what ${here.name} issued, ${there.name} rotates`)
    t.equal((await refresh(here, second)).code, 'REFRESH_TOKEN_REUSED', 'and nobody does it again')
    t.equal((await refresh(there, third)).code, 'TOKEN_REVOKED', 'which ends the session at both')
  }
})

t.test('clocks that differ by more than the tolerance end no session', async (t) => {
  const { right, ahead } = await startBoth(t, TOO_MUCH_MS, { REFRESH_GRACE: '0' })
  const fromFuture = await logIn(ahead)
  t.equal(await whoami(right, fromFuture), 'INVALID_TOKEN')
  t.equal((await refresh(right, fromFuture)).code, 'INVALID_TOKEN')
  t.equal(await whoami(ahead, fromFuture), '200', 'the session lives')
  t.equal((await refresh(ahead, fromFuture)).code, undefined, 'and can be refreshed where it began')

  const fromPast = await logIn(right)
  t.equal(await whoami(ahead, fromPast), '200')
  t.equal(await logOut(ahead, fromPast), 204)
  const isRefused = async () => (await whoami(right, fromPast)) === 'TOKEN_REVOKED'
  await waitUntil(isRefused, 'the other replica refuses it too')
})
