import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../client.ts'
import { arrival, type Calls, isUnknown, toAccess } from './calls.ts'
import type { Ledger, Session } from './ledger.ts'
import type { Random } from './random.ts'

export type Tokens = ReturnType<typeof createTokens>

/** What the clocks of this process and of a replica, and their roundings, may differ by. */
const MARGIN_MS = 100

/** How clients rotate refresh tokens (RFC 9700, 4.14.2), and what `graceMs` promises them. */
export function createTokens(ledger: Ledger, { ask, anyReplica, refused }: Calls, random: Random, graceMs: number) {
  const { fail } = ledger

  /** Takes a successor. Between `since` and its arrival the token was rotated, if it is another one. */
  function accept(session: Session, answer: Answer, since: number) {
    const { accessToken = '', refreshToken = '' } = answer.body
    session.access.push(toAccess(accessToken))
    if (refreshToken === session.refresh) return
    session.previous = { token: session.refresh ?? '', since, until: arrival(answer) }
    session.refresh = refreshToken
  }

  /** Refreshes as several tabs at once do, and repeats it while nobody answers, within the grace period. */
  async function refresh(session: Session, tabs = 1) {
    if (session.isRefreshing || session.refresh === null) return
    session.isRefreshing = true
    const since = performance.now()
    const body = { refreshToken: session.refresh }
    const isInTime = (now: number) => now - since < graceMs - MARGIN_MS
    do {
      const asked = Array.from({ length: tabs }, async () => {
        const via = anyReplica()
        return { via, answer: await ask(via, 'POST token-refresh', '/api/auth/token-refresh', {}, body) }
      })
      const answers = await Promise.all(asked)
      for (const { via, answer } of answers) {
        if (answer.status !== 401) continue
        if (isInTime(arrival(answer))) refused(session, undefined, 'token-refresh', answer, via)
        ledger.doubt(session.login)
      }
      const taken = answers.filter(({ answer }) => answer.status === 200).map(({ answer }) => answer)
      // A grace period that ends just now: the first still gets the current token, the second rotates it.
      const rotated = taken.filter((answer) => answer.body.refreshToken !== body.refreshToken)
      const successors = new Set(rotated.map(({ body }) => body.refreshToken))
      if (successors.size > 1 && rotated.every((answer) => isInTime(arrival(answer))))
        fail('tabs that race get the same successor', `${session.name} got ${successors.size}`)
      for (const answer of [...rotated, ...taken].slice(0, 1)) accept(session, answer, since)
      if (taken.length > 0 || answers.some(({ answer }) => answer.status === 401)) break
      await sleep(random.between(20, 200))
    } while (isInTime(performance.now()))
    // Repeated later it may be taken for stolen.
    if (session.refresh === body.refreshToken && !isInTime(performance.now())) ledger.doubt(session.login)
    session.isRefreshing = false
  }

  /** Sends the previous refresh token again: in time it gives the current one, later it is a theft that ends the login. */
  async function replayPrevious(session: Session) {
    const { previous, refresh: current, login } = session
    if (previous === null || session.isRefreshing) return
    session.isRefreshing = true
    const call = ledger.call(`the previous refresh token of ${session.name}`)
    login.threats.add(call)
    const via = anyReplica()
    const body = { refreshToken: previous.token }
    const answer = await ask(via, 'POST token-refresh', '/api/auth/token-refresh', {}, body)
    session.isRefreshing = false
    call.doneAt = arrival(answer)
    const isInGrace = call.doneAt - previous.since < graceMs - MARGIN_MS
    const isLate = call.sentAt - previous.until > graceMs + MARGIN_MS
    if (answer.status === 200 && !isLate) {
      login.threats.delete(call)
      if (isInGrace && answer.body.refreshToken !== current)
        fail('within the grace period the previous token gets the current one', session.name)
      session.access.push(toAccess(answer.body.accessToken ?? ''))
      return
    }
    if (answer.status === 200 && ledger.isHonest(session, call))
      fail('a refresh token is refused after its grace period', `${session.name} at ${via}`)
    if (answer.status === 401 && isInGrace) refused(session, call, 'token-refresh, in grace', answer, via)
    if (answer.body.code === 'REFRESH_TOKEN_REUSED') ledger.end(login, call.doneAt, `${call.name} at ${via}`)
    else if (isInGrace && isUnknown(answer)) login.threats.delete(call)
    else ledger.doubt(login)
  }

  return { accept, refresh, replayPrevious }
}
