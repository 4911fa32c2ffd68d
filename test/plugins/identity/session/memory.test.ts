import t from 'tap'
import type { Sessions } from '../../../../src/plugins/identity/auth/sessions.ts'
import { createMemoryStore } from '../../../../src/plugins/identity/session/memory.ts'
import { build, logIn, transports } from '../../../build.ts'
import { freshFolder } from '../../../process.ts'
import { waitUntil } from '../../../servers.ts'
import { makeLogin } from '../auth/made.ts'
import { cookie } from './transport.ts'

const NOW = new Date('2026-03-01T12:00:00.000Z')

t.test('a session that was found is found again without SQL, until it is revoked', async (t) => {
  const app = await build(t)
  const { sid, headers } = await logIn(app, 'ada', cookie)
  const { findBySecret } = app.sessions
  let queries = 0
  app.sessions.findBySecret = (hash) => {
    queries++
    return findBySecret(hash)
  }
  const whoami = () => app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  for (let i = 0; i < 3; i++) t.equal((await whoami()).statusCode, 200)
  t.ok(queries <= 1)
  await app.revocations.revoke({ log: app.log }, sid, 'revoked', new Date())
  t.match((await whoami()).json(), { code: 'SESSION_REVOKED' })
})

t.test('a session that is revoked while it is read from SQL is not remembered', async (t) => {
  const app = await build(t)
  const ada = await app.users.create({ username: 'ada', email: 'a@b.cd', name: 'Ada', passwordHash: 'one' }, NOW)
  const made = { kind: 'cookie' as const, secretHash: 'a hash', idleTtl: 100, maxAge: 1000 }
  const live = await makeLogin(app.sessions, ada, made, NOW)
  if (live === null) throw new Error('no session was made')
  const revoked = { ...live, revokedAt: NOW, revokedReason: 'logout' as const }
  const reads: ((session: typeof live) => void)[] = []
  const findBySecret = () => new Promise((resolve) => reads.push(resolve))
  const store = createMemoryStore({ findBySecret } as unknown as Sessions)

  const first = store.find('a hash', NOW)
  await store.end([revoked])
  reads[0]?.(live)
  t.match(await first, { revokedAt: null }, 'the read came before the revocation')
  const second = store.find('a hash', NOW)
  reads[1]?.(revoked)
  t.match(await second, { revokedAt: NOW }, 'and the next one asks again')
})

for (const transport of transports) {
  t.test(`ASVS 7.4.1: a process learns that another one revoked a ${transport.kind} session`, async (t) => {
    const DB_URI = `${freshFolder(t)}/one.db`
    const [one, other] = [await build(t, { DB_URI }), await build(t, { DB_URI })]
    const { sid, headers } = await logIn(one, 'ada', transport)
    const whoami = () => other.inject({ method: 'GET', url: '/api/auth/whoami', headers })
    t.equal((await whoami()).statusCode, 200)
    await one.revocations.revoke({ log: one.log }, sid, 'revoked', new Date())
    await waitUntil(async () => (await whoami()).statusCode === 401, 'the other process refuses it')
  })
}
