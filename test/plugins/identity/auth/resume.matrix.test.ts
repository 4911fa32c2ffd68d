import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../../src/app.ts'
import type { SessionOptions } from '../../../../src/plugins/identity/auth/strategy.ts'
import { TicketInvalid } from '../../../../src/plugins/identity/tickets/errors.ts'
import { type Environment, readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { logIn, PASSWORD, someBackends, testEnvironment, transportsOn } from '../../../build.ts'
import { call, renewedBy } from './calls.ts'

// A gate that asks each login for more than the password, and a route that resumes what was asked for.

type Pending = { options: SessionOptions } | { sid: string }

const MoreRequired = createError('TEST_MORE_REQUIRED', 'The gate of this test asks for more', 401)
const PURPOSE = 'test-more'

async function buildWithGate(t: Test, environment: Environment) {
  const app = await buildApp(readSettings({ ...testEnvironment, ...environment, LOG_LEVEL: 'silent' }))
  t.teardown(() => app.close())
  app.post('/api/more', async (request, reply) => {
    const { ticket: secret } = request.query as { ticket: string }
    const ticket = await app.tickets.attempt<Pending>(secret, PURPOSE, new Date())
    const user = await app.users.find(ticket.userId ?? '')
    if (user === null) throw new TicketInvalid()
    const proof = { user, methods: ['pwd', 'otp'], authenticatedAt: new Date() }
    const take = app.tickets.take(ticket, new Date())
    if ('options' in ticket.data) {
      const started = await app.newSessions.start(request, reply, proof, ticket.data.options, take)
      if (started === null) throw new TicketInvalid()
      return { user: await app.userView.show(user), ...started.members }
    }
    await app.authenticate(request, reply)
    const old = await app.newSessions.current(request)
    if (old.id !== ticket.data.sid) throw new TicketInvalid()
    const renewed = await app.newSessions.reauthenticate(request, reply, proof, old, take)
    if (renewed === null) throw new TicketInvalid()
    return renewed.members ?? {}
  })
  await app.ready()
  await app.cleanup.stop()
  return app
}

/** Lets only proofs with a second method pass. */
function closeGate(app: FastifyInstance) {
  app.gates.push(async ({ user, methods }, asked) => {
    if (methods.includes('otp')) return {}
    const data = 'old' in asked ? { sid: asked.old.id } : asked
    const sessionId = 'old' in asked ? asked.old.id : null
    const more = await app.tickets.create({ purpose: PURPOSE, ttl: 300, user, sessionId, data }, new Date())
    throw Object.assign(new MoreRequired(), { members: { more } })
  })
}
const resume = (app: FastifyInstance, ticket: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/api/more', headers, query: { ticket } })

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`
    const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind, remember: false }
    const options = transport.kind === 'token' ? { refreshIn: 'cookie' } : {}

    t.test(
      `ASVS 6.3.4: a gate interrupts a login, which is resumed as it was asked for, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await buildWithGate(t, await backend.environment())
        const { sessions } = app.tables
        const before = await logIn(app, 'ada', transport)
        closeGate(app)

        const payload = { ...login, ...options }
        const asked = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
        t.match(asked.json(), { status: 401, code: 'TEST_MORE_REQUIRED', more: { ticket: String, expiresAt: String } })
        t.notOk(asked.headers['set-cookie'])
        t.equal(await app.db.$count(sessions), 1, 'no session exists yet')

        const { ticket } = asked.json().more
        const replies = await Promise.all(Array.from({ length: 4 }, () => resume(app, ticket)))
        const [reply, ...others] = replies.toSorted((a, b) => a.statusCode - b.statusCode)
        t.equal(reply?.statusCode, 200)
        for (const other of others) t.equal(`${other.statusCode} ${other.json().code}`, '401 TICKET_INVALID')
        t.match(reply?.json(), { user: { id: before.user.id } })
        t.ok(reply?.headers['set-cookie'])
        if (transport.kind === 'token') t.match(reply?.json(), { tokenType: 'Bearer', refreshToken: undefined })
        const made = (await app.db.select().from(sessions)).filter(({ id }) => id !== before.sid)
        t.match(made, [{ methods: 'pwd otp', remember: false, kind: transport.kind }])
        t.equal(made.length, 1)
      }
    )

    t.test(
      `ASVS 7.5.3: a gate interrupts a reauthentication, bound to its session, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await buildWithGate(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        const { sessions } = app.tables
        await app.db.update(sessions).set({ authenticatedAt: new Date(0) })
        closeGate(app)

        const ask = async () => {
          const asked = await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
          t.match(asked.json(), { status: 401, code: 'TEST_MORE_REQUIRED' })
          return asked.json().more.ticket as string
        }
        const ticket = await ask()
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200, 'the session is as it was')
        t.equal((await resume(app, ticket)).statusCode, 401, 'without the session')
        t.equal((await resume(app, ticket, other.headers)).json().code, 'TICKET_INVALID', 'with another one')
        const renewed = await renewedBy(app, transport, await resume(app, ticket, ada.headers))
        t.equal(renewed.status, 200)
        const [row] = await app.db.select().from(sessions).where(eq(sessions.id, renewed.sid))
        t.ok(row && row.authenticatedAt.getTime() > Date.now() - 60_000)
        t.equal(row?.methods, 'pwd otp')
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 401)
      }
    )

    t.test(
      `what ends the credentials or the session also ends what waits at a gate, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await buildWithGate(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        closeGate(app)
        const pending = async () =>
          (await app.inject({ method: 'POST', url: '/api/auth/login', payload: login })).json().more.ticket as string
        const [first, second] = [await pending(), await pending()]
        await app.revocations.resetPassword(app, ada.user.id, await app.passwords.hash(PASSWORD), new Date())
        t.equal((await resume(app, first)).json().code, 'TICKET_INVALID')
        const third = await pending()
        await app.revocations.deleteUser(app, ada.user.id, new Date())
        for (const ticket of [second, third]) t.equal((await resume(app, ticket)).json().code, 'TICKET_INVALID')
      }
    )
  }
}
