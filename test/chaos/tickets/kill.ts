import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { PASSWORD, randomKey } from '../../build.ts'
import { settled, startListening } from '../../process.ts'
import { freePort } from '../../servers.ts'
import { type Answer, type Client, createClient } from '../client.ts'
import { flows as passkeys } from './passkeys.ts'
import { flows as recovery, verifyByMail } from './recovery.ts'
import { flows as secondFactor } from './second-factor.ts'

/** A call that uses up a ticket and has an effect. */
export type Flow = {
  name: string
  /** Makes the call, with the same ticket each time. */
  finish(): Promise<Answer>
  /** Whether the effect is there. */
  isDone(): Promise<boolean>
}
export type User = { username: string; email: string; headers: Record<string, string>; ticket: string }
export type Stage = {
  /** The folder of MAIL_URL. */
  mails: string
  ask: Client['ask']
  /** Asks for what has to succeed; returns the body of the reply. */
  get<T = Record<string, string>>(method: string, path: string, user?: Partial<User>, body?: object): Promise<T>
  /** Logs in by password. */
  logIn(usernameOrEmail: string, password?: string): Promise<Answer>
  /** Signs up and logs in. The `ticket` verifies the address. */
  signUp(username: string): Promise<User>
  /** The same, with a verified address. */
  join(username: string): Promise<User>
}
/** Makes everything ready but the last call of some flows. */
export type Prepare = (stage: Stage, id: string) => Promise<Flow[]>

const isSuccess = (status: number) => status >= 200 && status < 300

const makers: Prepare[] = []
makers.push(recovery)
makers.push(secondFactor)
makers.push(passkeys)

/** A machine that is busy with other tests refuses a call now and then. */
async function untilServed(call: () => Promise<Answer>, triesLeft = 20): Promise<Answer> {
  const answer = await call()
  if (answer.status !== 503 || triesLeft === 0) return answer
  await sleep(200)
  return untilServed(call, triesLeft - 1)
}

/** Each call comes from another address: one client may ask for 20 mails an hour. */
const from = () => ({ 'x-forwarded-for': `10.${[...randomBytes(3)].join('.')}` })

function createStage(client: Client, mails: string): Stage {
  const ask: Stage['ask'] = (call, method, path, headers = {}, body = undefined) =>
    client.ask(call, method, path, { ...from(), ...headers }, body)
  const stage: Stage = {
    mails,
    ask,
    async get(method, path, { headers = {} } = {}, body = undefined) {
      const answer = await untilServed(() => ask('', method, path, headers, body))
      if (!isSuccess(answer.status)) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.code}`)
      return answer.body as never
    },
    logIn: (usernameOrEmail, password = PASSWORD) =>
      untilServed(() => ask('', 'POST', '/api/auth/login', {}, { usernameOrEmail, password, authType: 'token' })),
    async signUp(username) {
      const email = `${username}@example.com`
      const body = { username, email, name: username, password: PASSWORD }
      type SignedUp = { emailVerification?: { ticket: string } }
      const { emailVerification } = await stage.get<SignedUp>('POST', '/api/auth/signup', {}, body)
      const { accessToken } = (await stage.logIn(username)).body
      const headers = { authorization: `Bearer ${accessToken}` }
      return { username, email, headers, ticket: emailVerification?.ticket ?? '' }
    },
    async join(username) {
      const user = await stage.signUp(username)
      await verifyByMail(stage, user)
      return user
    }
  }
  return stage
}

/** Either both happened or neither: the effect is there and the ticket used, or the ticket still works. */
async function check({ name, finish, isDone }: Flow, status: number) {
  const wasDone = await isDone()
  const again = await untilServed(finish)
  const isRight = wasDone ? again.status === 401 : await isDone()
  const isLost = isSuccess(status) && !wasDone
  const what = `${name}: answered with ${status}, ${wasDone ? 'done' : 'not done'}, and its ticket gives ${again.status}`
  return { wasDone, broken: isRight && !isLost ? [] : [what] }
}

/** Makes flows ready. If a call fails, whose effect may be there all the same, it begins again with other users. */
async function makeReady(prepare: Prepare, stage: Stage, triesLeft = 4): Promise<Flow[]> {
  return prepare(stage, randomBytes(3).toString('hex')).catch((error: unknown) => {
    if (triesLeft === 0) throw error
    return makeReady(prepare, stage, triesLeft - 1)
  })
}

/** Kills the service while tickets are used. */
export async function killFlows(t: Test, folder: string, environment: Record<string, string>, rounds: number) {
  const mails = join(folder, 'mails')
  mkdirSync(mails)
  const port = await freePort()
  const env = {
    ...{ ...settled, RATE_LIMIT_MAX: '1000000', TRUST_PROXY: '127.0.0.1', PORT: `${port}` },
    ...{ ENCRYPTION_KEY: randomKey(), PASSKEY_RP_ID: 'localhost' },
    ...{ MAIL_URL: `file:${mails}`, MAIL_FROM: 'no-reply@example.com' },
    ...environment
  }
  let server = await startListening(t, folder, env)
  const client = createClient({ port })
  t.teardown(() => client.close())
  const stage = createStage(client, mails)
  const counts = { acknowledged: 0, done: 0, open: 0 }
  for (let round = 1; round <= rounds; round++) {
    const flows: Flow[] = []
    for (const prepare of makers) flows.push(...(await makeReady(prepare, stage)))
    // After so many answers, because times would depend on the machine.
    const killAfter = 1 + Math.floor(Math.random() * (flows.length - 1))
    const { promise: isTime, resolve } = Promise.withResolvers<void>()
    let answers = 0
    const asked = flows.map(({ finish }) =>
      finish().finally(() => {
        answers++
        if (answers === killAfter) resolve()
      })
    )
    await isTime
    const gone = once(server.child, 'close')
    server.child.kill('SIGKILL')
    await gone
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    server = await startListening(t, folder, env)
    const broken: string[] = []
    for (const [i, flow] of flows.entries()) {
      const status = statuses[i] ?? 0
      const found = await check(flow, status)
      broken.push(...found.broken)
      if (found.wasDone) counts[isSuccess(status) ? 'acknowledged' : 'done'] += 1
      else counts.open += 1
    }
    t.same(broken, [], `round ${round}: killed after ${killAfter} answers`)
  }
  const { acknowledged, done, open } = counts
  t.comment(`${rounds} kills: ${acknowledged} tickets used, ${done} used without an answer, ${open} unused`)
}
