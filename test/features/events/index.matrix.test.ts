import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { createEvents } from '../../../src/features/events/events.ts'
import { eventType } from '../../../src/plugins/platform/audit/event-types.ts'
import { firstIdAt } from '../../../src/plugins/platform/db/ids.ts'
import {
  build,
  buildWithLog,
  databases,
  logIn,
  PASSWORD,
  signUp,
  someBackends,
  transports,
  transportsOn
} from '../../build.ts'
import { waitUntil } from '../../servers.ts'
import { recordedEvents } from './recorded.ts'

const NEXT = 'another long password'

async function eventsOf(app: FastifyInstance, headers: Record<string, string>, query = '') {
  const reply = await app.inject({ method: 'GET', url: `/api/users/me/events${query}`, headers })
  return reply.json<{ events: Record<string, unknown>[]; nextCursor: string | null }>()
}
const names = (events: Record<string, unknown>[]) => events.map(({ event }) => event)

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`
    const isToken = transport.kind === 'token'

    t.test(
      `ASVS 16.3.1, 16.3.2, 16.3.3: security events of an account are logged and readable by its user, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const { app, lines } = await buildWithLog(t, await backend.environment())
        const { user, sid, headers } = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')
        await logIn(app, 'eve', transport)
        const call = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
          app.inject({ method, url, headers, ...(payload && { payload }) })
        await call('PATCH', '/api/users/me', { name: 'Ada King' })
        await call('PUT', '/api/users/me/password', { currentPassword: 'wrong', newPassword: NEXT })
        await call('DELETE', `/api/auth/sessions/${other.sid}`)
        const payload = { usernameOrEmail: 'ada', password: 'wrong', authType: transport.kind }
        await app.inject({ method: 'POST', url: '/api/auth/login', payload })

        const { events, nextCursor } = await eventsOf(app, headers)
        const made = isToken ? ['authn_token_created'] : []
        const ended = isToken ? ['authn_token_revoked'] : []
        const login = ['authn_login_success', 'session_created', ...made]
        const expected = [
          ...['user_created', ...login, ...login, 'user_updated', 'authn_password_change_fail'],
          ...['session_expired', ...ended, 'authn_login_fail']
        ]
        t.strictSame(names(events).sort(), expected.sort())
        t.equal(nextCursor, null)
        t.strictSame(Object.keys(events[0] ?? {}).sort(), [
          'createdAt',
          'event',
          'id',
          'ip',
          'kind',
          'reason',
          'sessionId',
          'userAgent'
        ])
        const revoked = events.find(({ event }) => event === 'session_expired')
        t.match(revoked, { sessionId: other.sid, kind: transport.kind, reason: 'revoked', ip: '127.0.0.1' })
        const created = events.find(({ event }) => event === 'user_created')
        t.match(created, { sessionId: null, kind: null, reason: null, userAgent: 'lightMyRequest' })

        const logged = lines.filter(({ event, userId }) => event !== undefined && userId === user.id)
        t.strictSame(logged.map(({ event }) => event).sort(), expected)
        for (const line of logged) {
          t.match(line, {
            level: eventType(line['event'] as 'user_created').level,
            ip: '127.0.0.1',
            requestId: /^[\da-f-]{36}$/
          })
        }
        t.match(
          lines.find(({ event }) => event === 'user_updated'),
          { sid, kind: transport.kind }
        )
      }
    )

    t.test(`the events of a deleted user are kept, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const { user, headers } = await logIn(app, 'ada', transport)
      t.equal((await app.inject({ method: 'DELETE', url: '/api/users/me', headers })).statusCode, 204)
      const rows = await recordedEvents(app)
      t.ok(rows.some(({ event, userId }) => event === 'user_deleted' && userId === user.id))
    })
  }

  t.test(
    `ASVS 8.2.2: users list only their own events, newest first, 50 per page, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada')
      const eve = await logIn(app, 'eve')
      const before = (await eventsOf(app, ada.headers)).events.length
      for (let i = 0; i < 101; i++) await app.audit.record(app, 'user_updated', { userId: ada.user.id, reason: `${i}` })
      const seen = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: Awaited<ReturnType<typeof eventsOf>> = await eventsOf(
          app,
          ada.headers,
          cursor && `?cursor=${cursor}`
        )
        seen.push(page.events)
        cursor = page.nextCursor
      }
      t.strictSame(
        seen.map(({ length }) => length),
        [50, 50, 1 + before]
      )
      t.equal(new Set(seen.flat().map(({ id }) => id)).size, 101 + before, 'no event twice')
      t.equal(seen[0]?.[0]?.['event'], 'user_updated')
      t.notOk(names((await eventsOf(app, eve.headers)).events).includes('user_updated'))
      for (const query of ['?cursor=x', '?cursor=', '?limit=5', '?cursor=a&cursor=b']) {
        const reply = await app.inject({ method: 'GET', url: `/api/users/me/events${query}`, headers: ada.headers })
        t.equal(reply.statusCode, 400, query)
      }
      t.equal((await app.inject({ method: 'GET', url: '/api/users/me/events' })).statusCode, 401)
    }
  )

  t.test(`ASVS 14.2.7: expired events are deleted, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, await backend.environment())
    const { auditEvents } = app.tables
    const { id } = await signUp(app, 'ada')
    const [row] = await app.db.select().from(auditEvents)
    const old = new Date(Date.now() - 91 * 86_400_000)
    const copies = Array.from({ length: 1200 }, (_, i) => ({
      ...(row as NonNullable<typeof row>),
      id: `01900000-0000-7000-8000-${`${i}`.padStart(12, '0')}`,
      createdAt: old
    }))
    await app.db.insert(auditEvents).values(copies)
    const before = new Date(Date.now() - 90 * 86_400_000)
    t.equal(await createEvents(app.db, app.tables, app.transaction).deleteExpired(before), true, 'there may be more')
    while (await createEvents(app.db, app.tables, app.transaction).deleteExpired(before));
    t.match(await app.db.select().from(auditEvents), [{ event: 'user_created', userId: id }])
  })
}

for (const database of databases) {
  t.test(`ASVS 14.2.7: failed logins with unknown names are deleted after an hour, on ${database.name}`, async (t) => {
    const app = await build(t, { DB_URI: await database.uri() })
    const { auditEvents } = app.tables
    await signUp(app, 'ada')
    const kind = transports[0]?.kind
    for (const usernameOrEmail of ['ada', 'nobody']) {
      const payload = { usernameOrEmail, password: 'not the password', authType: kind }
      await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    }
    const rows = await app.db.select().from(auditEvents)
    const unknown = rows.find(({ userId }) => userId === null)
    t.match(
      unknown,
      { event: 'authn_login_fail', ip: '127.0.0.1' },
      'stored, so that timing does not reveal whether the user exists'
    )
    const idOf = (ms: number, i: number) => firstIdAt(new Date(ms)).slice(0, -3) + `${i}`.padStart(3, '0')
    const now = Date.now()
    const ages = [61 * 60_000, 59 * 60_000].flatMap((age) => Array.from({ length: 250 }, () => age))
    const copies = ages.map((age, i) => ({
      ...(unknown as NonNullable<typeof unknown>),
      id: idOf(now - age, i),
      createdAt: new Date(now - age)
    }))
    const known = {
      ...(copies[0] as (typeof copies)[0]),
      id: idOf(now - 62 * 60_000, 0),
      userId: rows[0]?.userId ?? null
    }
    await app.db.insert(auditEvents).values([...copies, known])

    const before = new Date(now - 3_600_000)
    t.equal(await createEvents(app.db, app.tables, app.transaction).deleteAnonymous(before), true, 'there may be more')
    t.equal(await createEvents(app.db, app.tables, app.transaction).deleteAnonymous(before), false)
    const left = await app.db.select().from(auditEvents)
    t.equal(left.length, rows.length + 250 + 1)
    t.notOk(left.some(({ userId, createdAt }) => userId === null && createdAt < before))
  })
}

t.test('ASVS 14.2.7: the cleanup job deletes old failed logins with unknown names', async (t) => {
  const uri = join(t.testdir(), 'app.db')
  const first = await build(t, { DB_URI: uri })
  await first.audit.record(first, 'authn_login_fail', { userId: null })
  const { auditEvents } = first.tables
  const hourAgo = new Date(Date.now() - 3_601_000)
  await first.db.update(auditEvents).set({ id: firstIdAt(hourAgo), createdAt: hourAgo })
  await first.close()
  const { app } = await buildWithLog(t, { DB_URI: uri }, true)
  await waitUntil(async () => (await app.db.select().from(auditEvents)).length === 0, 'the row is deleted')
})

t.test('an event that cannot be stored is logged, and does not change the reply', async (t) => {
  const { app, lines } = await buildWithLog(t)
  await signUp(app, 'ada')
  ;(app.db as unknown as { run(sql: string): void }).run('drop table audit_events')
  const kind = transports[0]?.kind
  const payload = { usernameOrEmail: 'ada', password: 'not the password', authType: kind }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
  t.match(reply.json(), { status: 401, code: 'INVALID_CREDENTIALS' })
  t.match(
    lines.filter(({ level }) => level === 'error'),
    [{ msg: 'a security event could not be stored' }]
  )
  t.ok(
    lines.some(({ event }) => event === 'authn_login_fail'),
    'the event is logged'
  )
})

t.test('a session and its events are stored together or not at all', async (t) => {
  const { app, lines } = await buildWithLog(t)
  await signUp(app, 'ada')
  ;(app.db as unknown as { run(sql: string): void }).run('drop table audit_events')
  for (const { kind } of transports) {
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: kind }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    t.match(reply.json(), { status: 500, code: 'INTERNAL_ERROR' })
    t.equal(reply.headers['set-cookie'], undefined)
  }
  t.strictSame(await app.db.select().from(app.tables.sessions), [])
  t.notOk(
    lines.some(({ event }) => event === 'authn_login_success'),
    'no success is logged'
  )
})
