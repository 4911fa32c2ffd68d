import type { Chaos } from './chaos.ts'

// What the clients know: which credentials they were given, and which of them have ended. Times are those of performance.now()
// in this process: a call was sent at `sentAt`, and its answer had arrived at `doneAt`.

/** A call that may end sessions. */
export type Call = {
  name: string
  sentAt: number
  /** Null: still on its way, or being repeated. */
  doneAt: number | null
  /** Whether it was acknowledged. Without that nobody knows what it did. */
  isAcknowledged: boolean
}
/** A call that ends the sessions of a whole account, but not those of `keeps`. */
export type Sweep = Call & { kind: 'all' | 'password' | 'deletion'; keeps: Login | null; formerPassword: string | null }
/** `from`: a request that is sent later must not succeed. */
export type End = { from: number; by: string }

export type Person = {
  name: string
  /** More than one: a change was not acknowledged, so any of them may count. */
  passwords: string[]
  logins: Login[]
  sweeps: Sweep[]
  isGone: boolean
}
/** What one sign-in began, and renewals carried on: at most one of its sessions lives. */
export type Login = {
  name: string
  person: Person
  kind: 'cookie' | 'token'
  password: string
  sentAt: number
  doneAt: number
  sessions: Session[]
  threats: Set<Call>
  /** Perhaps it has ended: it has to be logged out. */
  isDoubtful: boolean
  end: End | null
}
/** A row of `sessions`, and all credentials that were issued for it. */
export type Session = {
  name: string
  login: Login
  id: string | null
  cookie: string | null
  access: { token: string; expiresAt: number }[]
  refresh: string | null
  /** The refresh token before this one: it was rotated between these two moments. */
  previous: { token: string; since: number; until: number } | null
  isRefreshing: boolean
  threats: Set<Call>
  end: End | null
}
export type Ledger = ReturnType<typeof createLedger>

/** Every 10 s a replica rereads what others revoked: only then is a revocation known everywhere that nobody acknowledged. */
const REREAD_MS = 13_000
/** So many failures are printed as they happen. */
const PRINTED = 25

export const headOf = (login: Login) => login.sessions.at(-1) as Session
const ago = (ms: number) => `${Math.round(ms)} ms`

/** The books of the hammer. `keptMs`: how long after its end a session is looked at. */
export function createLedger(chaos: Pick<Chaos, 'recent'>, keptMs: number) {
  const people: Person[] = []
  const gone: Person[] = []
  const doubtful = new Set<Login>()
  let ended: Session[] = []
  const failures = new Map<string, string[]>()
  const notes = new Map<string, number>()
  const started = performance.now()
  let logins = 0
  let endCount = 0

  /** Writes down a broken promise. */
  function fail(promise: string, what: string) {
    const list = failures.get(promise) ?? []
    failures.set(promise, list)
    const now = performance.now()
    const before = chaos.recent(now).map(({ what, at }) => `${what} ${ago(now - at)} before`)
    const text = `at ${Math.round(now - started)} ms: ${what}\n    chaos: ${before.join('; ')}`
    if (list.push(text) <= PRINTED) process.stdout.write(`# ${promise}: ${text}\n`)
  }

  function endSession(session: Session, from: number, by: string) {
    if (session.end) return
    session.end = { from, by }
    ended.push(session)
    endCount++
  }

  function end(login: Login, from: number, by: string) {
    login.isDoubtful = false
    doubtful.delete(login)
    login.end ??= { from, by }
    for (const session of login.sessions) endSession(session, from, by)
  }

  function doubt(login: Login) {
    if (login.end || login.isDoubtful) return
    login.isDoubtful = true
    doubtful.add(login)
  }

  /** What a call on a whole account means for a login; both are done. */
  function judge(sweep: Sweep, login: Login) {
    const { sentAt, doneAt, keeps, kind, formerPassword } = sweep
    if (doneAt === null || login === keeps || login.sentAt > doneAt) return
    // A login that was on its way at the same time came first, or it was not let in: its password, or its user, was gone.
    const isFirst = login.doneAt < sentAt || kind === 'deletion' || login.password === formerPassword
    if (sweep.isAcknowledged && isFirst) end(login, Math.max(doneAt, login.doneAt), sweep.name)
    else doubt(login)
  }

  return {
    people,
    gone,
    doubtful,
    failures,
    notes,
    fail,
    end,
    endSession,
    doubt,
    note: (what: string) => void notes.set(what, (notes.get(what) ?? 0) + 1),
    counts: () => ({ logins, ended: endCount }),
    /** The sessions that ended lately, whose credentials must be refused. */
    ended: () => ended,
    forgetOld() {
      const now = performance.now()
      ended = ended.filter(({ end }) => end !== null && now - end.from < keptMs)
      for (const person of people) person.logins = person.logins.filter(({ end }) => !end || now - end.from < keptMs)
    },
    addPerson(name: string, password: string) {
      const person: Person = { name, passwords: [password], logins: [], sweeps: [], isGone: false }
      people.push(person)
      return person
    },
    removePerson(person: Person) {
      person.isGone = true
      people.splice(people.indexOf(person), 1)
      gone.push(person)
    },
    addLogin(
      person: Person,
      { kind, password, sentAt, doneAt }: Pick<Login, 'kind' | 'password' | 'sentAt' | 'doneAt'>
    ) {
      const name = `${person.name}/${kind}${++logins}`
      const times = { sentAt, doneAt, sessions: [], threats: new Set<Call>(), isDoubtful: false, end: null }
      const login: Login = { name, person, kind, password, ...times }
      person.logins.push(login)
      return login
    },
    addSession(login: Login, credentials: Pick<Session, 'id' | 'cookie' | 'access' | 'refresh'>) {
      const name = `${login.name}.${login.sessions.length}`
      const state = { previous: null, isRefreshing: false, threats: new Set<Call>(), end: null }
      const session: Session = { name, login, ...credentials, ...state }
      login.sessions.push(session)
      return session
    },
    /** Once a login has its session: what calls on the account that were on their way with it mean for it. */
    meet(login: Login) {
      for (const sweep of login.person.sweeps) {
        if (sweep.doneAt === null) login.threats.add(sweep)
        else judge(sweep, login)
      }
    },
    call: (name: string): Call => ({ name, sentAt: performance.now(), doneAt: null, isAcknowledged: false }),
    /** A call on the whole account begins: until it is done, nobody knows whether its sessions live. */
    sweep(person: Person, call: Call, about: Pick<Sweep, 'kind' | 'keeps' | 'formerPassword'>) {
      const sweep: Sweep = Object.assign(call, about)
      person.sweeps.push(sweep)
      for (const login of person.logins) if (login !== sweep.keeps) login.threats.add(sweep)
      return sweep
    },
    finishSweep(person: Person, sweep: Sweep, isAcknowledged: boolean) {
      Object.assign(sweep, { doneAt: performance.now(), isAcknowledged })
      for (const login of person.logins) judge(sweep, login)
    },
    /** A renewed login has its new session, which must be dead where the login was ended at the same time. */
    renewed(login: Login, call: Call, doneAt: number) {
      const session = headOf(login)
      if (login.end) endSession(session, Math.max(doneAt, login.end.from), login.end.by)
      // A call that spares the session of its caller may have come after the renewal, and then spares nothing.
      const sparing = login.person.sweeps.filter((sweep) => sweep !== call && sweep.keeps === login)
      if (sparing.some((sweep) => sweep.doneAt === null || sweep.doneAt > call.sentAt)) doubt(login)
    },
    /** Nobody has asked for its end. */
    isHonest: ({ threats, login, end }: Session, own?: Call) =>
      !end && !login.end && !login.isDoubtful && [...threats, ...login.threats].every((threat) => threat === own),
    /** It was refused without an acknowledgment, after a call without one: known to all replicas a while later. */
    endLater: (login: Login, by: string) => end(login, performance.now() + REREAD_MS, by)
  }
}
