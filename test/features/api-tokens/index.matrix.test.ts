import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { allRows, build, buildWithLog, logIn, PASSWORD, someBackends, type Transport, transports } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'
import { forgetCached } from '../../plugins/identity/session/redis.ts'
import { waitUntil } from '../../wait.ts'
import { bearer, listTokens, makeToken, outcome, probeWith, TOKENS } from './calls.ts'

const DAY_MS = 86_400_000
const newPassword = 'another long password'

for (const [i, backend] of someBackends.entries()) {
  const options = { skip: backend.skip }
  const transport = transports[i % transports.length] as Transport

  t.test(`a user makes an API token, uses it, and deletes it, on ${backend.name}`, options, async (t) => {
    const { app, lines } = await buildWithLog(t, await backend.environment())
    const ada = await logIn(app, 'ada', transport)
    const security = async () => (await call(app, ada, 'GET /api/users/me/security')).json()
    t.match(await security(), { apiTokens: 0 })
    const reply = await call(app, ada, `POST ${TOKENS}`, { name: 'Backup script', abilities: ['probe:read'] })
    t.equal(reply.statusCode, 201)
    const { token, ...shown } = reply.json()
    t.strictSame(Object.keys(shown), ['id', 'name', 'abilities', 'createdAt', 'expiresAt', 'lastUsedAt'])
    t.match(shown, { name: 'Backup script', abilities: ['probe:read'], lastUsedAt: null })
    t.equal(Date.parse(shown.expiresAt) - Date.parse(shown.createdAt), 90 * DAY_MS)
    t.strictSame(await listTokens(app, ada), [shown])
    t.match(await security(), { apiTokens: 1 })

    await call(app, ada, 'POST /api/probe', { title: 'a', text: 'b' })
    const headers = { ...bearer(token).headers, cookie: '__Host-sid=something' }
    const items = await call(app, { headers }, 'GET /api/probe')
    t.match(items.json(), { items: [{ title: 'a' }] }, 'it acts for its user')
    t.notOk(items.headers['set-cookie'])
    await waitUntil(async () => (await listTokens(app, ada))[0]?.lastUsedAt !== null, 'the use is stored')
    const write = await call(app, { headers }, 'POST /api/probe', { title: 'a', text: 'b' })
    t.equal(outcome(write), '403 ABILITY_REQUIRED')

    t.equal(outcome(await call(app, ada, `DELETE ${TOKENS}/${shown.id}`)), '204')
    t.equal(await probeWith(app, { headers }), '401 INVALID_TOKEN', 'at once')
    t.strictSame(await listTokens(app, ada), [])
    const events = lines.filter(({ event }) => `${event}`.startsWith('api_token_'))
    t.match(events, [
      { event: 'api_token_created', userId: ada.user.id, tokenId: shown.id },
      { event: 'api_token_deleted', userId: ada.user.id, tokenId: shown.id },
      { event: 'api_token_invalid', reason: 'unknown' }
    ])
    t.notMatch(JSON.stringify(lines), token, 'no log line has the token')
  })

  t.test(`what ends an API token, and what does not, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const ada = await logIn(app, 'ada', transport)
    const eve = await logIn(app, 'eve', transport)
    const token = await makeToken(app, ada)
    const other = await makeToken(app, eve)
    t.equal(outcome(await call(app, eve, `DELETE ${TOKENS}/${token.id}`)), '404 TOKEN_NOT_FOUND')
    t.equal(outcome(await call(app, eve, `DELETE ${TOKENS}/x`)), '404 TOKEN_NOT_FOUND')

    const change = { currentPassword: PASSWORD, newPassword }
    const changed = await renewedBy(app, transport, await call(app, ada, 'PUT /api/users/me/password', change))
    t.equal(await probeWith(app, token), '200', 'a password change keeps it')
    t.equal(outcome(await call(app, changed, 'DELETE /api/auth/sessions')), '204')
    t.equal(await probeWith(app, token), '200', 'so does logging out everywhere')

    const expired = new Date(Date.now() - 1000)
    const { apiTokens } = app.tables
    await app.db.update(apiTokens).set({ expiresAt: expired }).where(eq(apiTokens.id, token.id))
    t.equal(await probeWith(app, token), '401 TOKEN_EXPIRED')
    const again = await transport.logIn(app, 'ada', { password: newPassword })
    t.strictSame(await listTokens(app, again), [], 'it is not listed either')

    const last = await makeToken(app, again)
    await app.revocations.resetPassword(app, ada.user.id, await app.passwords.hash(PASSWORD), new Date())
    t.equal(await probeWith(app, last), '401 INVALID_TOKEN', 'a password reset ends it')
    t.equal(await probeWith(app, other), '200', 'that of another user stays')
    t.equal(outcome(await call(app, eve, 'DELETE /api/users/me')), '204')
    t.equal(await probeWith(app, other), '401 INVALID_TOKEN', 'deleting the account ends it')
    t.equal(await app.db.$count(apiTokens), 0)
  })

  t.test(`a token is not made when all access ends meanwhile, on ${backend.name}`, options, async (t) => {
    const app = await build(t, await backend.environment())
    const { user } = await logIn(app, 'ada', transport)
    const passwordHash = await app.passwords.hash(PASSWORD)
    for (let round = 0; round < 5; round++) {
      const session = await transport.logIn(app, 'ada')
      const made = call(app, session, `POST ${TOKENS}`, { name: 'x', abilities: ['probe:read'] })
      const reset = app.revocations.resetPassword(app, user.id, passwordHash, new Date())
      const reply = (await Promise.all([made, reset]))[0]
      const token = reply.json<{ token?: string }>().token
      if (token) t.equal(await probeWith(app, bearer(token)), '401 INVALID_TOKEN')
      t.equal(await app.db.$count(app.tables.apiTokens), 0)
    }
  })
}

const first = transports[0] as Transport

t.test('only a fresh session makes an API token', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada', first)
  const token = await makeToken(app, ada)
  for (const line of [`POST ${TOKENS}`, `GET ${TOKENS}`, `DELETE ${TOKENS}/${token.id}`])
    t.equal(outcome(await call(app, token, line)), '403 ABILITY_REQUIRED', line)
  await app.db.update(app.tables.sessions).set({ authenticatedAt: new Date(0) })
  await forgetCached(app)
  const payload = { name: 'x', abilities: ['probe:read'] }
  t.equal(outcome(await call(app, ada, `POST ${TOKENS}`, payload)), '403 REAUTHENTICATION_REQUIRED')
  t.equal(outcome(await call(app, ada, `DELETE ${TOKENS}/${token.id}`)), '204', 'any session deletes it')

  const eve = await logIn(app, 'eve', first)
  app.enrollmentChecks.push(async () => {
    throw Object.assign(new Error('no'), { statusCode: 403, code: 'EMAIL_NOT_VERIFIED' })
  })
  t.equal((await call(app, eve, `POST ${TOKENS}`, payload)).statusCode, 403, 'a feature may refuse it')
})

t.test('the name, abilities, and lifetime of an API token have limits', async (t) => {
  const app = await build(t, { API_TOKEN_MAX_AGE: '1d' })
  const ada = await logIn(app, 'ada', first)
  const refusals: Record<string, [object, string, string]> = {
    'an empty name': [{ name: '' }, '/name', 'TOO_SHORT'],
    'a blank name': [{ name: '  ' }, '/name', 'FORMAT'],
    'a long name': [{ name: 'x'.repeat(65) }, '/name', 'TOO_LONG'],
    'a name that breaks the line': [{ name: 'a\nb' }, '/name', 'FORMAT'],
    'no ability': [{ abilities: [] }, '/abilities', 'TOO_FEW'],
    'an unknown ability': [{ abilities: ['probe:all'] }, '/abilities/0', 'NOT_ALLOWED'],
    'the same ability twice': [{ abilities: ['probe:read', 'probe:read'] }, '/abilities', 'NOT_ALLOWED'],
    'no time': [{ expiresIn: 0 }, '/expiresIn', 'TOO_SMALL'],
    'more than API_TOKEN_MAX_AGE': [{ expiresIn: 86_401 }, '/expiresIn', 'TOO_LARGE'],
    'half a second': [{ expiresIn: 0.5 }, '/expiresIn', 'TYPE'],
    'an id': [{ id: ada.user.id }, '/id', 'UNKNOWN_MEMBER']
  }
  for (const [about, [changes, pointer, code]] of Object.entries(refusals)) {
    const payload = { name: 'x', abilities: ['probe:read'], ...changes }
    const reply = await call(app, ada, `POST ${TOKENS}`, payload)
    t.equal(outcome(reply), '400 VALIDATION_FAILED', about)
    t.match(reply.json().errors, [{ pointer, code }], about)
  }
  const longest = await makeToken(app, ada)
  t.equal(Date.parse(longest.expiresAt) - Date.parse(longest.createdAt), DAY_MS, 'at most API_TOKEN_MAX_AGE')
  const short = await makeToken(app, ada, { expiresIn: 60 })
  t.equal(Date.parse(short.expiresAt) - Date.parse(short.createdAt), 60_000)

  const now = new Date()
  const expiresAt = new Date(now.getTime() + 1000)
  const row = { userId: ada.user.id, name: 'x', abilities: 'probe:read', createdAt: now, expiresAt, lastUsedAt: null }
  const rows = Array.from({ length: 98 }, () => ({ ...row, id: crypto.randomUUID(), secretHash: crypto.randomUUID() }))
  await app.db.insert(app.tables.apiTokens).values(rows)
  const beyond = await call(app, ada, `POST ${TOKENS}`, { name: 'x', abilities: ['probe:read'] })
  t.equal(outcome(beyond), '409 TOO_MANY_TOKENS')
})

t.test('the database has only a hash of an API token', async (t) => {
  const app = await build(t)
  const { token } = await makeToken(app, await logIn(app, 'ada', first))
  const stored = JSON.stringify(await allRows(app))
  t.match(stored, '"abilities":"probe:read probe:write"')
  t.notMatch(stored, token)
  t.notMatch(stored, token.slice(4, 40))
})

t.test('the use of an API token is stored at most once a minute', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada', first)
  const token = await makeToken(app, ada)
  const use = async (lastUsedAt: Date | null) => {
    await app.db.update(app.tables.apiTokens).set({ lastUsedAt })
    t.equal(await probeWith(app, token), '200')
    return Date.parse((await listTokens(app, ada))[0]?.lastUsedAt ?? '')
  }
  const recently = new Date(Date.now() - 59_000)
  t.equal(await use(recently), recently.getTime())
  const earlier = new Date(Date.now() - 61_000)
  await use(earlier)
  await waitUntil(
    async () => Date.parse((await listTokens(app, ada))[0]?.lastUsedAt ?? '') > recently.getTime(),
    'the use is stored'
  )
})

t.test('API tokens are deleted a day after they have expired', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada', first)
  const { expiresAt } = await makeToken(app, ada)
  const end = Date.parse(expiresAt)
  await app.apiTokens.deleteExpired(new Date(end + DAY_MS))
  t.equal(await app.db.$count(app.tables.apiTokens), 1)
  await app.apiTokens.deleteExpired(new Date(end + DAY_MS + 1))
  t.equal(await app.db.$count(app.tables.apiTokens), 0)
})
