import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'
import { PASSWORD } from '../build.ts'
import { startSmtp } from '../features/mail/smtp.ts'
import { startProxy } from '../proxy.ts'
import { waitUntil } from '../wait.ts'
import type { Client } from './client.ts'
import { startReplica } from './replica.ts'
import type { Row } from './rows.ts'

export type WithMail = Awaited<ReturnType<typeof startWithMail>>

/** So many of each call a second. */
const RATES = { newcomer: 0.7, reset: 1, verification: 1 }
/** A mail is tried again after 5 s. */
const ARRIVES_MS = 25_000

/** How the mail server behaves, apart from the way to it. */
type Mood = 'kind' | 'silent' | 'refusing' | 'dropping'

async function startServer(t: Test) {
  let mood: Mood = 'kind'
  const sockets = new Set<Socket>()
  const reply = (done: (error?: Error) => void, sulks: Mood, sulk: () => void) => (mood === sulks ? sulk() : done())
  const options: SMTPServerOptions = {
    // Never greets.
    onConnect: (_session, done) => reply(done, 'silent', () => {}),
    onRcptTo: (_address, _session, done) =>
      reply(done, 'refusing', () => done(Object.assign(new Error('later'), { responseCode: 451 }))),
    onMailFrom: (_address, _session, done) =>
      reply(done, 'dropping', () => {
        for (const socket of sockets) socket.destroy()
      })
  }
  const smtp = await startSmtp(t, options)
  smtp.server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const proxy = await startProxy(t, smtp.port)
  return {
    ...proxy,
    received: smtp.received,
    become(next: Mood) {
      // Those who wait for its greeting would wait on.
      if (mood === 'silent') for (const socket of sockets) socket.destroy()
      mood = next
    }
  }
}

/** One replica on SQLite that sends its mails by SMTP, and calls that ask for mails. */
export async function startWithMail(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-mail-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const mail = await startServer(t)
  const replica = await startReplica(t, {
    ...{ DB_URI: join(folder, 'app.db'), RATE_LIMIT_MAX: '1000000', TRUST_PROXY: '127.0.0.1' },
    ...{ MAIL_URL: `smtp://127.0.0.1:${mail.port}`, MAIL_FROM: 'no-reply@example.com' }
  })
  /** The addresses that a mail is on its way to. */
  const expected = new Set<string>()
  // One client may ask for 20 mails an hour.
  const from = () => ({ 'x-forwarded-for': `10.${[...randomBytes(3)].join('.')}` })

  async function signUp({ ask }: Client) {
    const username = `newcomer-${randomBytes(5).toString('hex')}`
    const body = { username, email: `${username}@example.com`, name: username, password: PASSWORD }
    const { status } = await ask('sign-up', 'POST', '/api/auth/signup', from(), body)
    if (status === 201) expected.add(body.email)
    return body
  }

  return {
    address: { port: replica.port },
    replicas: [replica],
    mail,
    /** Newcomers, users who forgot their password, and one who never verifies. */
    async startLoad(client: Client) {
      const { ask } = client
      const { username, email, password } = await signUp(client)
      const login = { usernameOrEmail: username, password, authType: 'token' }
      const { accessToken } = (await ask('login', 'POST', '/api/auth/login', {}, login)).body
      const headers = () => ({ authorization: `Bearer ${accessToken}`, ...from() })
      const acts: Record<keyof typeof RATES, () => Promise<unknown>> = {
        newcomer: () => signUp(client),
        reset: () => ask('password-reset', 'POST', '/api/auth/password-reset', from(), { email }),
        verification: () => ask('email-verification', 'POST', '/api/auth/email-verification', headers())
      }
      const timers = Object.entries(RATES).map(([name, rate]) =>
        setInterval(() => void acts[name as keyof typeof RATES](), 1000 / rate)
      )
      return () => timers.forEach(clearInterval)
    },
    /** Nothing was lost that could be sent later. */
    async allArrive() {
      const asked = [...expected]
      const got = () => new Set(mail.received.flatMap(({ to }) => to))
      await waitUntil(() => asked.every((email) => got().has(email)), 'every mail arrives', ARRIVES_MS)
      for (const email of asked) expected.delete(email)
    }
  }
}

const meanwhile =
  'No call waits or fails; `/readyz` reports `"mail": "down"` with status `degraded`; mails go out when it is back'
const retrying = 'No call waits or fails; a mail is tried three times, and `/readyz` stays `ok`'
const becomes = (mood: Mood) => ({
  begin: ({ mail }: WithMail) => mail.become(mood),
  end: ({ mail }: WithMail) => mail.become('kind')
})
const promise = { meanwhile, failing: [], after: ({ allArrive }: WithMail) => allArrive() }

export const mailRows: Row<WithMail>[] = [
  {
    what: 'The mail server is stopped and restarted',
    ...{ ...promise, ready: 'degraded' },
    begin: ({ mail }) => mail.refuse(),
    end: ({ mail }) => mail.open()
  },
  {
    what: 'The mail server accepts connections and says nothing',
    ...{ ...promise, ...becomes('silent'), ready: 'degraded' },
    // A try ends after 10 s without a greeting.
    holdMs: 13_000
  },
  {
    what: 'The mail server drops every connection in the middle of a mail',
    ...{ ...promise, ...becomes('dropping'), ready: 'degraded' }
  },
  {
    what: 'The mail server refuses every mail for now (451)',
    ...{ ...promise, meanwhile: retrying, ...becomes('refusing'), ready: 'ok', losses: 0 }
  }
]
