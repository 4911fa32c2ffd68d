import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, buildWithLog, logIn, someBackends, transportsOn } from '../../../build.ts'
import { call, REVOKED } from './calls.ts'

for (const backend of someBackends) {
  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(`ASVS 7.5.2, 8.2.2: users see only their own sessions, ${on}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const { sid, headers } = await logIn(app, 'ada', transport)
      const other = await transport.logIn(app, 'ada')
      await logIn(app, 'eve', transport)

      const reply = await call(app, { headers }, 'GET /api/auth/sessions')
      t.equal(reply.statusCode, 200)
      const { sessions } = reply.json()
      t.strictSame(Object.keys(reply.json()), ['sessions', 'nextCursor'])
      t.strictSame(new Set(sessions.map(({ id }: { id: string }) => id)), new Set([sid, other.sid]))
      const own = sessions.find(({ id }: { id: string }) => id === sid)
      const row = await app.sessions.find(sid)
      t.strictSame(own, {
        id: sid,
        kind: transport.kind,
        current: true,
        createdAt: row?.createdAt.toISOString(),
        lastSeenAt: row?.lastSeenAt.toISOString(),
        expiresAt: row?.expiresAt.toISOString(),
        ip: '127.0.0.1',
        userAgent: 'lightMyRequest'
      })
      t.equal(sessions.find(({ id }: { id: string }) => id === other.sid).current, false)

      const past = { expiresAt: new Date(Date.now() - 1) }
      await app.db.update(app.tables.sessions).set(past).where(eq(app.tables.sessions.id, other.sid))
      const later = await call(app, { headers }, 'GET /api/auth/sessions')
      t.equal(later.json().sessions.length, 1, 'one that has ended is no login any more')
      t.equal((await call(app, { headers }, `DELETE /api/auth/sessions/${other.sid}`)).statusCode, 404)
    })

    t.test(
      `ASVS 7.4.1, 7.5.2: a session that its user ends is invalid at once, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const other = await transport.logIn(app, 'ada')

        const ended = await call(app, ada, `DELETE /api/auth/sessions/${other.sid}`)
        t.equal(ended.statusCode, 204)
        t.notOk(ended.headers['set-cookie'])
        const refused = await call(app, other, 'GET /api/auth/whoami')
        t.equal(refused.statusCode, 401)
        t.equal(refused.json().code, REVOKED[transport.kind])
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200, 'this one lives')
        const again = await call(app, ada, `DELETE /api/auth/sessions/${other.sid}`)
        t.equal(again.statusCode, 404)
        t.equal(again.json().code, 'SESSION_NOT_FOUND')

        const own = await call(app, ada, `DELETE /api/auth/sessions/${ada.sid}`)
        t.equal(own.statusCode, 204, 'its own too')
        t.equal(own.headers['set-cookie'] !== undefined, transport.kind === 'cookie', 'and the cookie goes with it')
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 401)
      }
    )

    t.test(`ASVS 8.2.2: no user can end the session of another, ${on}`, { skip: backend.skip }, async (t) => {
      const { app, lines } = await buildWithLog(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const eve = await logIn(app, 'eve', transport)
      for (const id of [ada.sid, randomUUIDv7(), 'no-id', `urn:uuid:${ada.sid}`, '%00', '__proto__']) {
        const reply = await call(app, eve, `DELETE /api/auth/sessions/${id}`)
        t.equal(reply.statusCode, 404, id)
        t.equal(reply.json().code, 'SESSION_NOT_FOUND', id)
      }
      t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)
      const tries = lines.filter(({ event }) => event === 'malicious_direct_reference')
      t.match(tries, [{ level: 'warn', userId: eve.user.id, reason: 'login' }])
      t.equal(tries.length, 1, 'an id that nobody has is no attack')
    })

    t.test(
      `ASVS 7.5.2: users can end all their sessions, or all but the current one, ${on}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        const ada = await logIn(app, 'ada', transport)
        const others = [await transport.logIn(app, 'ada'), await transport.logIn(app, 'ada')]
        const eve = await logIn(app, 'eve', transport)

        t.equal((await call(app, ada, 'DELETE /api/auth/sessions?keepCurrent=true')).statusCode, 204)
        for (const other of others) t.equal((await call(app, other, 'GET /api/auth/whoami')).statusCode, 401)
        t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)

        const more = await transport.logIn(app, 'ada')
        const all = await call(app, ada, 'DELETE /api/auth/sessions')
        t.equal(all.statusCode, 204)
        for (const login of [ada, more]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
        t.equal((await call(app, eve, 'GET /api/auth/whoami')).statusCode, 200, 'of one user only')
      }
    )
  }
}

for (const query of ['keepCurrent=true&keepCurrent=true', 'keepCurrent=1', 'keepCurrent=', 'keep=true']) {
  t.test(`ASVS 15.3.7: ?${query} is rejected and ends nothing`, async (t) => {
    const app = await build(t)
    const ada = await logIn(app, 'ada')
    const reply = await call(app, ada, `DELETE /api/auth/sessions?${query}`)
    t.equal(reply.statusCode, 400)
    t.equal(reply.json().code, 'VALIDATION_FAILED')
    t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)
  })
}
