import { randomBytes } from 'node:crypto'
import { PASSWORD } from '../build.ts'
import type { Answer, Client } from './client.ts'

/** A login as its client holds it. */
export type Session = { user: string; kind: 'cookie' | 'token'; headers: Record<string, string>; refreshToken?: string }
export type Load = Awaited<ReturnType<typeof startLoad>>

/** So many of each call a second. */
const RATES = {
  whoami: 30,
  ended: 10,
  me: 15,
  checkAuth: 5,
  refresh: 5,
  logIn: 2,
  logOut: 2,
  signUp: 1,
  password: 0.7
}

const READERS = 4
const REFRESHERS = 12
const CHANGERS = 2

/** A steady load of every call that logins live by, and what was acknowledged to it. `broken` is told what may never be. */
export async function startLoad({ ask }: Client, broken: (what: string) => void) {
  const run = randomBytes(3).toString('hex')
  const users: string[] = []
  const readers: Session[] = []
  const refreshers: Session[] = []
  const changers: { user: string; login: Session; passwords: string[]; isBusy: boolean }[] = []
  /** Logged in a moment ago, oldest first; logged out for good; asked to be logged out, without an answer that says so. */
  const leaving: Session[] = []
  const ended: Session[] = []
  const unsure: Session[] = []

  const some = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)]
  const isRefused = (status: number) => status === 401

  async function signUp() {
    const username = `user-${run}-${randomBytes(5).toString('hex')}`
    const body = { username, email: `${username}@example.com`, name: username, password: PASSWORD }
    const { status } = await ask('sign-up', 'POST', '/api/auth/signup', {}, body)
    if (status === 201) users.push(username)
    return username
  }

  async function logIn(
    user: string,
    kind: Session['kind'],
    password = PASSWORD
  ): Promise<{ answer: Answer; login: Session | null }> {
    const body = { usernameOrEmail: user, password, authType: kind }
    const answer = await ask('login', 'POST', '/api/auth/login', {}, body)
    if (answer.status !== 200) return { answer, login: null }
    const headers: Session['headers'] =
      kind === 'cookie'
        ? { cookie: answer.cookies[0]?.split(';')[0] ?? '' }
        : { authorization: `Bearer ${answer.body.accessToken}` }
    return { answer, login: { user, kind, headers, refreshToken: answer.body.refreshToken } }
  }

  async function mustLogIn(user: string, kind: Session['kind']) {
    const { login, answer } = await logIn(user, kind)
    if (!login) throw new Error(`login answered ${answer.status}`)
    return login
  }

  /** Asks with a login that nobody ended. */
  async function askAlive(call: string, path: string, login: Session | undefined) {
    if (!login) return
    const { status, body } = await ask(call, 'GET', path, login.headers)
    const isLost = isRefused(status) || (status === 200 && body.authenticated === false)
    if (isLost) broken(`a live ${login.kind} login was refused by ${call}: ${status} ${body.code ?? ''}`)
  }

  async function askEnded(login: Session | undefined) {
    if (!login) return
    const { status } = await ask('whoami after logout', 'GET', '/api/auth/whoami', login.headers)
    if (status === 200) broken(`a ${login.kind} login that was logged out came back`)
  }

  async function logOut(login: Session | undefined, isRepeated = false) {
    if (!login) return
    const { status, body } = await ask('logout', 'POST', '/api/auth/logout', login.headers)
    if (status === 204 || (isRepeated && isRefused(status))) ended.push(login)
    else if (isRefused(status)) broken(`a live ${login.kind} login was refused by logout: ${body.code}`)
    else unsure.push(login)
  }

  async function refresh(login: Session | undefined) {
    if (!login) return
    const { refreshToken } = login
    const answer = await ask('token-refresh', 'POST', '/api/auth/token-refresh', {}, { refreshToken })
    if (isRefused(answer.status)) broken(`a live refresh token was refused: ${answer.body.code}`)
    if (answer.status !== 200) return
    login.refreshToken = answer.body.refreshToken
    login.headers = { authorization: `Bearer ${answer.body.accessToken}` }
  }

  async function changePassword() {
    const changer = some(changers.filter(({ isBusy, passwords }) => !isBusy && passwords.length === 1))
    if (!changer) return
    changer.isBusy = true
    const [currentPassword = ''] = changer.passwords
    const newPassword = `another password ${randomBytes(6).toString('hex')}`
    const { headers } = changer.login
    const { status, body } = await ask('password', 'PUT', '/api/users/me/password', headers, {
      currentPassword,
      newPassword
    })
    if (isRefused(status)) broken(`a password change was refused: ${body.code}`)
    if (status === 200) {
      ended.push({ ...changer.login })
      changer.login.headers = { authorization: `Bearer ${body.accessToken}` }
    }
    // Without an answer either may be the one.
    changer.passwords = status === 200 ? [newPassword] : [currentPassword, newPassword]
    changer.isBusy = false
  }

  for (let i = 0; i < READERS; i++) await signUp()
  for (const user of users) for (const kind of ['cookie', 'token'] as const) readers.push(await mustLogIn(user, kind))
  for (let i = 0; i < REFRESHERS; i++) refreshers.push(await mustLogIn(users[0] ?? '', 'token'))
  for (let i = 0; i < CHANGERS; i++) {
    const user = await signUp()
    changers.push({ user, login: await mustLogIn(user, 'token'), passwords: [PASSWORD], isBusy: false })
  }
  const loggers = users.slice(0, READERS)

  let turn = 0
  const acts: Record<keyof typeof RATES, () => Promise<unknown>> = {
    whoami: () => {
      const login = readers[turn++ % readers.length]
      return askAlive(`whoami by ${login?.kind}`, '/api/auth/whoami', login)
    },
    ended: () => askEnded(ended[ended.length - 1 - Math.floor(Math.random() * Math.min(20, ended.length))]),
    me: () => askAlive('users/me', '/api/users/me', some(readers)),
    checkAuth: () => askAlive('check-auth', '/api/auth/check-auth', some(readers)),
    refresh: () => refresh(some(refreshers)),
    logIn: async () => {
      const { login } = await logIn(some(loggers) ?? '', turn++ % 2 === 0 ? 'cookie' : 'token')
      if (login) leaving.push(login)
    },
    logOut: async () => logOut(leaving.length > 3 ? leaving.shift() : undefined),
    signUp,
    password: changePassword
  }
  const timers = Object.entries(RATES).map(([name, rate]) =>
    setInterval(() => void acts[name as keyof typeof RATES](), 1000 / rate)
  )
  return {
    logIn,
    users,
    readers,
    refreshers,
    changers,
    ended,
    unsure,
    refresh,
    logOut,
    askAlive,
    askEnded,
    stop: () => timers.forEach(clearInterval)
  }
}
