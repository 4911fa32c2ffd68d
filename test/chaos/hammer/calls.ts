import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Client } from '../client.ts'
import type { Chaos } from './chaos.ts'
import { type Call, headOf, type Ledger, type Person, type Session } from './ledger.ts'
import type { Random } from './random.ts'

export type Calls = ReturnType<typeof createCalls>

/** So soon after all is well a call that was 503 is acknowledged. */
const ACKNOWLEDGED_WITHIN_MS = 5000
/** So long a call is repeated where it never is. */
const GIVEN_UP_AFTER_MS = 30_000

/** Nobody knows whether it was carried out. */
export const isUnknown = ({ status }: Answer) => status === 0 || status === 503
export const isDone = ({ status }: Answer) => status >= 200 && status < 300
export const isExpired = ({ body }: Answer) => body.code === 'TOKEN_EXPIRED'
export const arrival = ({ at, ms }: Answer) => at + ms

function claimsOf(token: string): { sid: string; exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export const toAccess = (token: string) => ({
  token,
  expiresAt: performance.now() + claimsOf(token).exp * 1000 - Date.now()
})

/** The credentials of a login or a renewal. */
export function credentialsOf({ cookies, body }: Answer) {
  const cookie = cookies[0]?.split(';')[0] ?? null
  if (!body.accessToken) return { id: null, cookie, access: [], refresh: null }
  const { sid } = claimsOf(body.accessToken)
  return { id: sid, cookie: null, access: [toAccess(body.accessToken)], refresh: body.refreshToken ?? null }
}

/** What a session sends; null where it has to be refreshed first. */
export function headersOf({ cookie, access }: Session): Record<string, string> | null {
  if (cookie !== null) return { cookie }
  const live = access.findLast(({ expiresAt }) => expiresAt > performance.now() + 2000)
  return live ? { authorization: `Bearer ${live.token}` } : null
}

/** How clients call the replicas, which they reach one by one. */
export function createCalls(ledger: Ledger, chaos: Chaos, random: Random, replicas: Client[]) {
  const { fail } = ledger

  /** Calls one replica from another address each time, so that no limit per address is met. */
  async function ask(via: number, call: string, path: string, headers: Record<string, string> = {}, body?: object) {
    const address = `10.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`
    const forwarded = { 'x-forwarded-for': address, 'x-forwarded-proto': 'https' }
    const [method = '', name = ''] = call.split(' ')
    const client = replicas[via] as Client
    const answer = await client.ask(name, method, path, { ...forwarded, ...headers }, body)
    // 429: several calls of one account had a wrong password at once, because it was being changed.
    const isKnown = isDone(answer) || isUnknown(answer) || [401, 404, 429].includes(answer.status)
    if (!isKnown)
      fail('no other failure than 401, 404 and 503', `${call} ${path}: ${answer.status} ${answer.body.code}`)
    return answer
  }
  const anyReplica = () => random.below(replicas.length)

  /** A session that lives as far as anybody knows. */
  function someSession(person: Person, isUsable = (_: Session) => true) {
    const live = person.logins
      .filter(({ end, isDoubtful, sessions }) => !end && !isDoubtful && sessions.length > 0)
      .map(headOf)
      .filter((session) => !session.end && isUsable(session))
    return random.some(live)
  }
  const someUsable = (person: Person) => someSession(person, (session) => headersOf(session) !== null)

  /** Reports a session that was refused although nothing but this call could have ended it. */
  function refused(session: Session, call: Call | undefined, name: string, { body }: Answer, via: number) {
    if (!ledger.isHonest(session, call)) return
    const lived = Math.round(performance.now() - session.login.doneAt)
    fail('nobody is logged out', `${session.name}, ${lived} ms old, was refused by ${name} at ${via}: ${body.code}`)
  }

  /**
   * Repeats a call that ends sessions until it is acknowledged or refused. `isOwed`: every answer before the last one was a 503, so
   * the last one has to be an acknowledgment.
   */
  async function insist(name: string, send: (via: number) => Promise<Answer>) {
    const begin = performance.now()
    let isOwed = true
    for (let isRepeat = false; ; isRepeat = true) {
      const answer = await send(anyReplica())
      if (!isUnknown(answer)) return { answer, isOwed: isOwed && isRepeat, isRepeat }
      if (answer.status === 0) isOwed = false
      const wellFor = performance.now() - Math.max(begin, chaos.wellSince())
      if (wellFor > ACKNOWLEDGED_WITHIN_MS) {
        fail('a call that was 503 is acknowledged within 5 s of all being well', `${name}: ${answer.status}`)
        return { answer, isOwed: false, isRepeat }
      }
      if (performance.now() - begin > GIVEN_UP_AFTER_MS) return { answer, isOwed: false, isRepeat }
      await sleep(random.between(50, 250))
    }
  }
  /** Reports a call that was 503, and was refused when it was repeated. */
  function owed(name: string, { body, status }: Answer) {
    fail('a call that was 503 is 204 when it is repeated', `${name}: ${status} ${body.code}`)
  }

  return { ask, anyReplica, someSession, someUsable, refused, insist, owed }
}
