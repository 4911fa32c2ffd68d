import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { build, buildWithLog, logIn, PASSWORD, randomKey, testEnvironment, transports } from '../../build.ts'
import { ask, codeOf, confirm, enroll, outcome } from './codes.ts'

const OFF = { ENCRYPTION_KEY: '' }

t.test('without ENCRYPTION_KEY there are no second factors', async (t) => {
  const app = await build(t, { ...OFF, API_DOCS: 'true' })
  const { headers } = await logIn(app, 'ada')
  for (const [method, url] of [
    ['POST', '/api/auth/second-factor'],
    ['POST', '/api/users/me/totp'],
    ['PUT', '/api/users/me/totp'],
    ['DELETE', '/api/users/me/totp'],
    ['POST', '/api/users/me/recovery-codes']
  ] as const)
    t.equal(outcome(await app.inject({ method, url, headers })), '404 NOT_FOUND', `${method} ${url}`)
  const document = (await app.inject({ method: 'GET', url: '/docs/json' })).body
  t.notMatch(document, /second-factor|totp|SECOND_FACTOR_REQUIRED/)
})

t.test('ASVS 6.3.4: without the key that was used before, the service refuses to start, and to log in', async (t) => {
  const DB_URI = `file:${t.testdir()}/app.db`
  const [transport] = transports
  if (!transport) return
  const before = await build(t, { DB_URI })
  await enroll(before, 'ada', transport)
  await before.close()

  const app = await buildApp(readSettings({ ...testEnvironment, ...OFF, DB_URI, LOG_LEVEL: 'silent' }))
  t.teardown(() => app.close())
  await t.rejects(async () => app.ready(), /^ENCRYPTION_KEY is not set, but accounts have a second factor/)
})

t.test('where somebody set up a second factor meanwhile, a replica without the key lets nobody in', async (t) => {
  const DB_URI = `file:${t.testdir()}/app.db`
  const [transport] = transports
  if (!transport) return
  const without = await build(t, { ...OFF, DB_URI })
  const app = await build(t, { DB_URI })
  await enroll(app, 'ada', transport)
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transport.kind }
  const reply = await without.inject({ method: 'POST', url: '/api/auth/login', payload })
  t.equal(outcome(reply), '503 SERVICE_UNAVAILABLE')
})

t.test(
  'ASVS 6.3.4: with a wrong key, the service says so at the start, and users log in with recovery codes',
  async (t) => {
    const DB_URI = `file:${t.testdir()}/app.db`
    const [transport] = transports
    if (!transport) return
    const before = await build(t, { DB_URI })
    const { secret, recoveryCodes } = await enroll(before, 'ada', transport)
    await before.close()
    const isAboutKey = ({ msg }: { msg?: unknown }) => /^ENCRYPTION_KEY decrypts none/.test(`${msg}`)
    const right = await buildWithLog(t, { DB_URI })
    t.notOk(right.lines.some(isAboutKey), 'the right key')
    await right.app.close()

    const { app, lines } = await buildWithLog(t, { DB_URI, ENCRYPTION_KEY: randomKey() })
    t.match(lines.filter(isAboutKey), [{ level: 'error' }])
    const { reply, ticket } = await ask(app, 'ada', transport.kind)
    t.strictSame(reply.json().secondFactor.methods, ['recovery'])
    t.equal(outcome(await confirm(app, { ticket, code: codeOf(secret) })), '503 SERVICE_UNAVAILABLE')
    t.equal(outcome(await confirm(app, { ticket, recoveryCode: recoveryCodes[0] })), '200')
    await enroll(app, 'eve', transport)
    await app.close()
    const mixed = await buildWithLog(t, { DB_URI })
    t.notOk(mixed.lines.some(isAboutKey), 'one that is readable is enough')
  }
)

t.test('ASVS 13.3.4: ENCRYPTION_KEY rotates: a code that is used encrypts the secret with the new key', async (t) => {
  const DB_URI = `file:${t.testdir()}/app.db`
  const [transport] = transports
  if (!transport) return
  const [old, next] = [randomKey(), randomKey()]
  const first = await build(t, { DB_URI, ENCRYPTION_KEY: old })
  const ada = await enroll(first, 'ada', transport)
  await first.close()

  for (const ENCRYPTION_KEY of [`${next},${old}`, next]) {
    const app = await build(t, { DB_URI, ENCRYPTION_KEY })
    await app.db.update(app.tables.totp).set({ lastStep: 0 })
    const { ticket } = await ask(app, 'ada', transport.kind)
    t.equal(outcome(await confirm(app, { ticket, code: codeOf(ada.secret) })), '200')
    await app.close()
  }
})
