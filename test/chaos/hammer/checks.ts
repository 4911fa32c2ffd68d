import type { Answer } from '../client.ts'
import type { Acts } from './acts.ts'
import { type Calls, headersOf } from './calls.ts'
import type { Ledger, Person, Session } from './ledger.ts'
import type { Random } from './random.ts'
import type { Tokens } from './tokens.ts'

const isLetIn = ({ status, body }: Answer) => status >= 200 && status < 300 && body.authenticated !== false
/** Clocks of replicas differ by so much at most, and so long a token is taken after its end. */
const TOLERANCE_MS = 5000

/** Looks at what was promised: what has ended is refused everywhere, and what nobody ended is not. */
export function createChecks(
  ledger: Ledger,
  calls: Calls,
  acts: Acts,
  { refresh }: Tokens,
  random: Random,
  replicas: number
) {
  const { ask, refused, someUsable } = calls
  const found = new Set<Session>()
  let replays = 0
  let looks = 0

  /** Everything that was ever issued for a session and has not expired by itself. */
  function credentialsOf({ cookie, access, refresh, previous }: Session) {
    const alive = access.filter(({ expiresAt }) => expiresAt + TOLERANCE_MS > performance.now())
    const refreshTokens = [refresh, previous?.token].filter((token) => typeof token === 'string')
    return [
      ...(cookie === null ? [] : [{ what: 'cookie', headers: { cookie } }]),
      ...alive.map(({ token }) => ({ what: 'access token', headers: { authorization: `Bearer ${token}` } })),
      ...refreshTokens.map((refreshToken) => ({ what: 'refresh token', body: { refreshToken } }))
    ]
  }

  function askWith(via: number, credential: ReturnType<typeof credentialsOf>[number]) {
    if ('body' in credential) return ask(via, 'POST token-refresh', '/api/auth/token-refresh', {}, credential.body)
    const name = random.weighted({ whoami: 8, me: 1, 'check-auth': 1 })
    const path = name === 'me' ? '/api/users/me' : `/api/auth/${name}`
    return ask(via, `GET ${name}`, path, credential.headers)
  }

  /** Sends a credential that has ended to every replica. */
  async function replay(session: Session) {
    const { end } = session
    const credential = random.some(credentialsOf(session))
    if (!credential || !end || end.from > performance.now()) return
    await Promise.all(
      Array.from({ length: replicas }, async (_, via) => {
        const answer = await askWith(via, credential)
        replays++
        if (!isLetIn(answer) || answer.at <= end.from || found.has(session)) return
        found.add(session)
        const after = `sent ${Math.round(answer.at - end.from)} ms after ${end.by} was acknowledged`
        const where = `replica ${via} (${answer.call}, ${Math.round(answer.ms)} ms)`
        ledger.fail(
          'what has ended is refused',
          `${credential.what} of ${session.name} was let in by ${where}, ${after}`
        )
      })
    )
  }

  /** Sends a credential that nobody wants to end to one replica. */
  async function look(session: Session, via = random.below(replicas)) {
    const headers = headersOf(session)
    if (headers === null || !ledger.isHonest(session)) return null
    const name = random.weighted({ whoami: 3, me: 1, 'check-auth': 1 })
    const path = name === 'me' ? '/api/users/me' : `/api/auth/${name}`
    const answer = await ask(via, `GET ${name}`, path, headers)
    looks++
    if (answer.status === 401 || answer.body.authenticated === false) refused(session, undefined, name, answer, via)
    return answer.status
  }

  return {
    counts: () => ({ replays, looks }),
    async replaySome() {
      const session = random.some(ledger.ended())
      if (session) await replay(session)
    },
    async lookAtSome() {
      const session = someUsable(random.some(ledger.people) as Person)
      if (session) await look(session)
    },
    /** All credentials at all replicas, when all is well: now each session that lives is let in. */
    async everything() {
      for (const session of ledger.ended()) for (let i = 0; i < 3; i++) await replay(session)
      for (const { logins } of ledger.people) {
        for (const login of logins) {
          const session = login.sessions.at(-1)
          if (!session || !ledger.isHonest(session)) continue
          if (headersOf(session) === null) await refresh(session)
          for (let via = 0; via < replicas; via++) {
            const status = await look(session, via)
            if (status !== null && status !== 200) ledger.fail('all is well afterwards', `${session.name}: ${status}`)
          }
        }
      }
    },
    /** Who signed up can log in with the last password that was acknowledged, and who was deleted cannot. */
    async accounts() {
      for (const person of ledger.people) {
        const before = person.logins.length
        for (let i = 0; i < 3 && person.logins.length === before; i++) {
          if (person.passwords.length > 1) await acts.findPassword(person)
          else await acts.logIn(person, 'token')
        }
        if (person.logins.length === before) ledger.fail('an acknowledged account is there', person.name)
      }
      for (const { name, passwords, sweeps } of ledger.gone.slice(-20)) {
        if (!sweeps.some(({ kind, isAcknowledged }) => kind === 'deletion' && isAcknowledged)) continue
        for (const password of passwords) {
          const body = { usernameOrEmail: name, password, authType: 'token' }
          const { status } = await ask(0, 'POST login', '/api/auth/login', {}, body)
          if (status === 200) ledger.fail('a deleted account stays deleted', name)
        }
      }
    }
  }
}
