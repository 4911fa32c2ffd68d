import { setTimeout as sleep } from 'node:timers/promises'
import { arrival, type Calls, credentialsOf, headersOf, isDone, isExpired, isUnknown } from './calls.ts'
import { headOf, type Ledger, type Login, type Person, type Session } from './ledger.ts'
import type { Random } from './random.ts'
import type { Tokens } from './tokens.ts'

export type Acts = ReturnType<typeof createActs>

const LOGINS_EACH = 5

/** What people do with their sessions, and what the answers tell them. */
export function createActs(ledger: Ledger, calls: Calls, tokens: Tokens, random: Random) {
  const { fail } = ledger
  const { ask, anyReplica, someSession, someUsable, refused, insist, owed } = calls
  const { accept, refresh, replayPrevious } = tokens

  async function signUp(name: string) {
    const password = `the password of ${name}`
    const body = { username: name, email: `${name}@example.com`, name: `Person ${name}`, password }
    for (let i = 0; i < 20; i++) {
      const answer = await ask(anyReplica(), 'POST sign-up', '/api/auth/signup', {}, body)
      if (answer.status === 201) return ledger.addPerson(name, password)
      await sleep(random.between(50, 250))
      // One that was not acknowledged may be stored: then the name is taken.
      name = `${name}x`
      Object.assign(body, { username: name, email: `${name}@example.com` })
    }
    return null
  }

  /** Whether a password change or the deletion was still under way when a login was sent. */
  const isChanging = (person: Person, sentAt: number) =>
    person.isGone ||
    person.passwords.length > 1 ||
    person.sweeps.some(({ kind, doneAt }) => kind !== 'all' && (doneAt === null || doneAt > sentAt))

  async function logIn(person: Person, kind: Login['kind'], over?: Session) {
    const call = ledger.call(over ? `a login over ${over.name}` : 'a login')
    const password = random.some(person.passwords) as string
    over?.threats.add(call)
    const body = { usernameOrEmail: person.name, password, authType: kind }
    const headers = over ? (headersOf(over) ?? {}) : {}
    const via = anyReplica()
    const answer = await ask(via, 'POST login', '/api/auth/login', headers, body)
    call.doneAt = arrival(answer)
    if (answer.status === 401 && !isChanging(person, call.sentAt))
      fail('an acknowledged password counts', `${person.name} was refused by ${via}: ${answer.body.code}`)
    if (over && answer.status === 200) {
      // It was being renewed at the same time, and the cookie of this login says nothing of the new session.
      const isRenewed = over.threats.size > 1
      if (isRenewed) ledger.endSession(over, call.doneAt, `${call.name} at ${via}`)
      if (isRenewed) ledger.doubt(over.login)
      else ledger.end(over.login, call.doneAt, `${call.name} at ${via}`)
    }
    if (over && isUnknown(answer)) {
      ledger.doubt(over.login)
      ledger.note('logins over a live cookie that were 503')
    } else over?.threats.delete(call)
    if (answer.status !== 200) return null
    const login = ledger.addLogin(person, { kind, password, sentAt: call.sentAt, doneAt: call.doneAt })
    ledger.addSession(login, credentialsOf(answer))
    ledger.meet(login)
    return login
  }

  async function logOut(login: Login) {
    const session = headOf(login)
    const headers = headersOf(session)
    if (headers === null) return refresh(session)
    const call = ledger.call(`logout of ${session.name}`)
    login.threats.add(call)
    let via = 0
    const { answer, isOwed, isRepeat } = await insist(call.name, (to) => {
      via = to
      return ask(to, 'POST logout', '/api/auth/logout', headers)
    })
    call.doneAt = arrival(answer)
    if (answer.status === 204) return ledger.end(login, call.doneAt, `${call.name} at ${via}`)
    if (answer.status !== 401) return
    if (!isRepeat) refused(session, call, 'logout', answer, via)
    else if (isOwed && !isExpired(answer) && ledger.isHonest(session, call)) owed(call.name, answer)
    ledger.doubt(login)
  }

  /** Ends a session of the same person by its id. */
  async function endOne(actor: Session, target: Session) {
    const headers = headersOf(actor)
    if (headers === null) return
    if (target.id === null) {
      const own = await ask(anyReplica(), 'GET whoami', '/api/auth/whoami', headersOf(target) ?? {})
      target.id = own.body.sessionId ?? null
    }
    if (target.id === null) return
    const call = ledger.call(`DELETE of ${target.name} by ${actor.name}`)
    target.login.threats.add(call)
    let via = 0
    const { answer, isOwed, isRepeat } = await insist(call.name, (to) => {
      via = to
      return ask(to, 'DELETE session', `/api/auth/sessions/${target.id}`, headers)
    })
    call.doneAt = arrival(answer)
    if (answer.status === 204) return ledger.end(target.login, call.doneAt, `${call.name} at ${via}`)
    ledger.doubt(target.login)
    const isOnly = ledger.isHonest(actor, call) && [...target.threats, ...target.login.threats].length === 1
    if (isOwed && isOnly && !isExpired(answer)) owed(call.name, answer)
    else if (!isRepeat && answer.status === 404 && isOnly) fail('a live session is found', `${call.name} at ${via}`)
    else if (!isRepeat && answer.status === 401) refused(actor, call, 'DELETE session', answer, via)
  }

  /** Ends all sessions of a person, and maybe the account with them. */
  async function endAll(person: Person, actor: Session, kind: 'all' | 'others' | 'deletion') {
    const headers = headersOf(actor)
    if (headers === null) return
    const call = ledger.call(`${kind === 'deletion' ? 'deletion' : `DELETE of ${kind} sessions`} by ${actor.name}`)
    const keeps = kind === 'others' ? actor.login : null
    const about = { kind: kind === 'deletion' ? kind : ('all' as const), keeps, formerPassword: null }
    const sweep = ledger.sweep(person, call, about)
    if (kind === 'deletion') ledger.removePerson(person)
    const query = kind === 'others' ? '?keepCurrent=true' : ''
    const path = kind === 'deletion' ? '/api/users/me' : `/api/auth/sessions${query}`
    let via = 0
    const { answer, isOwed, isRepeat } = await insist(call.name, (to) => {
      via = to
      return ask(to, `DELETE ${kind}`, path, headers)
    })
    sweep.name = `${call.name} at ${via}`
    if (answer.status === 401 && !isRepeat) refused(actor, call, kind, answer, via)
    if (answer.status === 401 && isOwed && !isExpired(answer) && ledger.isHonest(actor, call)) owed(call.name, answer)
    ledger.finishSweep(person, sweep, answer.status === 204)
    // Its end is unknown: so whether the user is gone is, too.
    if (kind === 'deletion' && answer.status !== 204) person.passwords = []
  }

  /** Renews a session, by the password alone or by changing it. */
  async function renew(person: Person, session: Session, change: boolean) {
    const headers = headersOf(session)
    const [password] = person.passwords
    if (headers === null || password === undefined || person.passwords.length > 1) return
    const call = ledger.call(`${change ? 'password change' : 'reauthentication'} by ${session.name}`)
    const { login } = session
    session.threats.add(call)
    const next = `another password ${random.below(1e9)}`
    const sweep = change && ledger.sweep(person, call, { kind: 'password', keeps: login, formerPassword: password })
    if (sweep) person.passwords = [password, next]
    const via = anyReplica()
    const answer = sweep
      ? await ask(via, 'PUT password', '/api/users/me/password', headers, {
          currentPassword: password,
          newPassword: next
        })
      : await ask(via, 'POST reauthenticate', '/api/auth/reauthenticate', headers, { password })
    const doneAt = arrival(answer)
    call.name = `${call.name} at ${via}`
    if (isDone(answer)) {
      ledger.addSession(login, credentialsOf(answer))
      ledger.endSession(session, doneAt, call.name)
      call.doneAt = doneAt
      ledger.renewed(login, call, doneAt)
      if (sweep) person.passwords = [next]
    } else {
      if (answer.status === 401) refused(session, call, call.name, answer, via)
      ledger.doubt(login)
      if (sweep && answer.status === 503) ledger.note('password changes that were 503')
    }
    call.doneAt = doneAt
    if (sweep) ledger.finishSweep(person, sweep, isDone(answer))
  }

  /** Finds out which password counts, after a change that was not acknowledged. */
  async function findPassword(person: Person) {
    const { passwords } = person
    for (const password of passwords) {
      const sentAt = performance.now()
      const body = { usernameOrEmail: person.name, password, authType: 'token' }
      const answer = await ask(anyReplica(), 'POST login', '/api/auth/login', {}, body)
      if (answer.status !== 200) continue
      // Unless the next change has begun meanwhile.
      if (person.passwords === passwords) person.passwords = [password]
      if (password !== passwords[0]) ledger.note('password changes without an acknowledgment that were stored')
      const login = ledger.addLogin(person, { kind: 'token', password, sentAt, doneAt: arrival(answer) })
      ledger.addSession(login, credentialsOf(answer))
      return ledger.meet(login)
    }
  }

  /** Logs out what has perhaps ended. Afterwards it has. */
  async function settle(login: Login) {
    const session = headOf(login)
    const headers = headersOf(session)
    if (headers === null) {
      const body = { refreshToken: session.refresh }
      const answer = await ask(anyReplica(), 'POST token-refresh', '/api/auth/token-refresh', {}, body)
      if (answer.status === 200) accept(session, answer, performance.now())
      else if (answer.status === 401) ledger.endLater(login, `a refusal (${answer.body.code})`)
      return
    }
    const { answer } = await insist(`logout of ${session.name}, which is in doubt`, (via) =>
      ask(via, 'POST logout', '/api/auth/logout', headers)
    )
    if (answer.status === 204) ledger.end(login, arrival(answer), `logout of ${session.name}, which was in doubt`)
    else if (answer.status === 401) ledger.endLater(login, `a refusal (${answer.body.code})`)
  }

  async function keepPopulation(person: Person) {
    const live = person.logins.filter(({ end }) => !end)
    if (live.length < LOGINS_EACH) await logIn(person, random.isTrue(0.4) ? 'cookie' : 'token')
  }

  const WEIGHTS = {
    logIn: 26,
    logOut: 12,
    endOne: 8,
    endOthers: 3,
    endAll: 2,
    password: 3,
    reauthenticate: 6,
    refresh: 20,
    race: 8,
    replay: 10,
    over: 5,
    deletion: 1
  }

  let born = 0
  const newPerson = () => signUp(`person${++born}`)

  /** One thing that this person does now. */
  async function act(person: Person) {
    if (person.passwords.length > 1 && person.sweeps.every(({ doneAt }) => doneAt !== null)) return findPassword(person)
    const what = random.weighted(WEIGHTS)
    if (what === 'logIn') return keepPopulation(person)
    const isCookie = ({ cookie }: Session) => cookie !== null
    const isToken = ({ refresh }: Session) => refresh !== null
    const session =
      what === 'over'
        ? someSession(person, isCookie)
        : ['refresh', 'race', 'replay'].includes(what)
          ? someSession(person, isToken)
          : someUsable(person)
    if (!session) return keepPopulation(person)
    if (what === 'logOut') return logOut(session.login)
    if (what === 'endOne') return endOne(session, someSession(person) ?? session)
    if (what === 'endOthers') return endAll(person, session, 'others')
    if (what === 'endAll') return endAll(person, session, 'all')
    if (what === 'deletion') return Promise.all([endAll(person, session, 'deletion'), newPerson()])
    if (what === 'password' || what === 'reauthenticate') return renew(person, session, what === 'password')
    if (what === 'refresh') return refresh(session)
    if (what === 'race') return refresh(session, 2 + random.below(2))
    if (what === 'replay') return replayPrevious(session)
    return logIn(person, 'cookie', session)
  }

  return { act, newPerson, logIn, settle, findPassword }
}
