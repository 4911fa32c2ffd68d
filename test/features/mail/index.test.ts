import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { type InvalidSettings, readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { build, buildWithLog, testEnvironment } from '../../build.ts'
import { freePort, waitUntil } from '../../wait.ts'

/** What readSettings says about these settings; empty if nothing. */
function faultsOf(environment: Record<string, string>) {
  try {
    readSettings({ ...testEnvironment, ...environment })
    return ''
  } catch (error) {
    return (error as InvalidSettings).faults.join('\n')
  }
}

t.test('without MAIL_URL there is no mail', async (t) => {
  t.equal((await build(t)).mail, null)
})

t.test('a mail of the service is written into the folder of MAIL_URL', async (t) => {
  const folder = t.testdir()
  const environment = { MAIL_URL: `file:${folder}`, MAIL_FROM: 'no-reply@example.com', COOKIE_SECURE: 'false' }
  const app = await build(t, environment)
  app.mail?.send({ to: 'ada@example.com', subject: 'A subject', text: 'A text' })
  await app.close()
  t.equal(readdirSync(folder).length, 1, 'a stop waits for it')
})

t.test('while mail is unavailable, /readyz is degraded', async (t) => {
  const port = await freePort()
  const environment = { MAIL_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'no-reply@example.com' }
  const { app, lines } = await buildWithLog(t, environment)
  const readyz = () => app.inject({ method: 'GET', url: '/readyz' })
  t.match((await readyz()).json(), { status: 'ok', checks: { mail: 'up' } })
  app.mail?.send({ to: 'ada@example.com', subject: 'A subject', text: 'A text' })
  await waitUntil(() => app.mail?.isUp() === false, 'the outage is noticed')
  t.match((await readyz()).json(), { status: 'degraded', checks: { mail: 'down', database: 'up' } })
  t.equal((await readyz()).statusCode, 200)
  t.match(
    lines.filter(({ event }) => event === 'dependency_down'),
    [{ dependency: 'mail' }]
  )
})

t.test('invalid mail settings stop the start, and the error never shows them', async (t) => {
  const MAIL_FROM = 'no-reply@example.com'
  for (const MAIL_URL of [
    'smtp://mailer:secret@mail.example:587',
    'smtps://mail.example',
    'smtp://[::1]:25',
    'smtp://mail.example/'
  ])
    t.equal(faultsOf({ MAIL_URL, MAIL_FROM }), '', MAIL_URL)
  for (const MAIL_URL of [
    'mail.example',
    'http://mail.example',
    'smtp://',
    'smtp:mail.example',
    'smtp://mailer:secret@mail.example/path',
    'smtp://mail.example?tls=false',
    'smtp://mail.example:port',
    'smtp://mailer:secret%@mail.example',
    'smtp://secret%zz@mail.example',
    'file:'
  ]) {
    t.match(faultsOf({ MAIL_URL, MAIL_FROM }), /^MAIL_URL must/, MAIL_URL)
    t.notMatch(faultsOf({ MAIL_URL, MAIL_FROM }), 'secret')
  }
  t.match(faultsOf({ MAIL_URL: 'file:./.mail', MAIL_FROM }), /^MAIL_URL must not be a folder with COOKIE_SECURE/)
  t.equal(faultsOf({ MAIL_URL: 'file:./.mail', MAIL_FROM, COOKIE_SECURE: 'false' }), '')
  t.match(faultsOf({ MAIL_URL: 'smtp://mail.example' }), /^MAIL_FROM is required/)
  for (const from of [
    'The service <no-reply@example.com>',
    '"The service" <no-reply@example.com>',
    '<no-reply@example.com>'
  ])
    t.equal(faultsOf({ MAIL_FROM: from }), '', from)
  for (const from of ['The service', 'a@b.cd, e@f.gh', 'The <service> <a@b.cd>', 'Name <a@b.cd>, e@f.gh'])
    t.match(faultsOf({ MAIL_FROM: from }), /^MAIL_FROM must/, from)
})

t.test('nodemailer is loaded with the first mail, not at startup', async (t) => {
  const script = `
    import { registerHooks } from 'node:module'
    const load = (url, context, next) => (console.log(url), next(url, context))
    registerHooks({ load })
    const { buildApp } = await import('./src/app.ts')
    const { readSettings } = await import('./src/plugins/platform/config/settings.ts')
    const app = await buildApp(readSettings(process.env), { write() {} })
    await app.ready()
    await app.close()`
  const env = { ...process.env, ...testEnvironment, MAIL_URL: 'smtp://127.0.0.1:25', MAIL_FROM: 'a@b.cd' }
  const words = ['--input-type=module', '-e', script]
  const { stdout, status } = spawnSync(process.execPath, words, { env, encoding: 'utf8' })
  t.equal(status, 0)
  t.match(stdout, '/src/features/mail/index.ts\n')
  t.notOk(stdout.includes('node_modules/nodemailer'))
})
