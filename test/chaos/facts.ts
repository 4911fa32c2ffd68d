import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { Load, Session } from './load.ts'

/** So many of those that were logged out last, and of those that signed up last, are asked again. */
const ENDED = 30
const SIGNED_UP = 3

/**
 * Whether everything that was acknowledged is so, on every replica; gives how much was looked at. `broken` is told what is
 * not.
 */
export async function checkFacts(load: Load, replicas: Client[], broken: (what: string) => void) {
  let count = 0
  const anywhere = replicas[0] as Client

  async function expect(what: string, statuses: number[], asked: Promise<{ status: number; body: { code?: string } }>) {
    count++
    const { status, body } = await asked
    if (!statuses.includes(status)) broken(`${what}: ${status} ${body.code ?? ''}`)
    return status
  }
  const whoami = ({ ask }: Client, { headers }: Session) => ask('', 'GET', '/api/auth/whoami', headers)

  for (const replica of replicas) {
    for (const login of load.readers) await expect('a live login is known', [200], whoami(replica, login))
    for (const login of load.ended.slice(-ENDED)) await expect('a logout is final', [401], whoami(replica, login))
  }
  for (const login of load.unsure.splice(0)) {
    const again = anywhere.ask('', 'POST', '/api/auth/logout', login.headers)
    await expect('a logout that failed can be repeated', [204, 401], again)
    load.ended.push(login)
    for (const replica of replicas) await expect('a repeated logout is final', [401], whoami(replica, login))
  }
  for (const login of load.refreshers) {
    const { refreshToken } = login
    const refreshed = anywhere.ask('', 'POST', '/api/auth/token-refresh', {}, { refreshToken })
    const status = await expect('the last refresh token is good', [200], refreshed)
    // As any client does: who goes on with the previous one after the grace period is a thief.
    if (status === 200) login.refreshToken = (await refreshed).body.refreshToken
  }
  const changes = new Set(load.changers.map(({ user }) => user))
  for (const user of load.users.filter((user) => !changes.has(user)).slice(-SIGNED_UP)) {
    const { answer } = await load.logIn(user, 'cookie')
    await expect('who signed up can log in', [200], Promise.resolve(answer))
  }
  for (const changer of load.changers) {
    // A change that was on its way when the fault ended still decides.
    while (changer.isBusy) await sleep(20)
    changer.isBusy = true
    const tries = []
    for (const password of changer.passwords) {
      const { answer, login } = await load.logIn(changer.user, 'token', password)
      tries.push({ status: answer.status, login, password })
    }
    const right = tries.filter(({ login }) => login !== null)
    count++
    if (right.length !== 1) broken(`one password counts, the old or the new: ${tries.map(({ status }) => status)}`)
    const [found] = right
    if (found?.login) Object.assign(changer, { login: found.login, passwords: [found.password] })
    changer.isBusy = false
  }
  return count
}
