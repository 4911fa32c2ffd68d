import t from 'tap'
import { browserFamily } from '../../../src/plugins/identity/auth/browsers.ts'
import { logEvent } from '../../../src/plugins/platform/audit/log.ts'
import { backends, PASSWORD, signUp, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, resetPassword, signUpVerified } from './mails.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

for (const backend of backends) {
  t.test(`ASVS 6.3.5: a login from a new device is noticed, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const { app, mails } = await buildWithMail(t, { ...(await backend.environment()), TRUST_PROXY: '127.0.0.1' })
    await signUpVerified(app, 'ada')
    const logIn = async (ip: string, userAgent: string) => {
      const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
      const headers = { 'x-forwarded-for': ip, 'user-agent': userAgent }
      t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', headers, payload })).statusCode, 200)
    }
    const noticed = async () => (await mails()).filter(({ subject }) => /New sign-in/.test(subject))
    await logIn('203.0.113.1', FIREFOX)
    await logIn('203.0.113.1', FIREFOX.replaceAll('140', '141'))
    await logIn('203.0.113.1', CHROME)
    await logIn('203.0.113.2', FIREFOX)
    await logIn('203.0.113.2', FIREFOX)
    await logIn('2001:db8::1', FIREFOX)
    await logIn('2001:db8::2', FIREFOX)
    for (let i = 0; i < 100 && (await noticed()).length < 4; i++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    await app.close()
    const found = (await noticed()).map(({ text }) =>
      [/Browser: (.*)/.exec(text)?.[1], /Address: (.*)/.exec(text)?.[1]].join(' ')
    )
    t.same(found.sort(), ['Chrome 203.0.113.1', 'Firefox 2001:db8::1', 'Firefox 203.0.113.1', 'Firefox 203.0.113.2'])
  })

  t.test(
    `ASVS 6.3.7: changes of the credentials are noticed, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const made = await buildWithMail(t, await backend.environment())
      const { app, mailTo } = made
      await signUp(app, 'ada')
      for (const transport of transports.slice(0, 1)) {
        const ada = await transport.logIn(app, 'ada')
        const newPassword = 'another long password'
        await call(app, ada, 'PUT /api/users/me/password', { currentPassword: PASSWORD, newPassword })
        await mailTo('ada@example.com', /password was changed/)
        await resetPassword(made, 'ada@example.com', PASSWORD)
        await mailTo('ada@example.com', /password was reset/)
        await app.revocations.resetPassword(app, ada.sid, await app.passwords.hash(PASSWORD), new Date())
      }
    }
  )
}

t.test('events that other features declare are noticed too, and names in a header never reach a mail', async (t) => {
  const { app, mailTo, mails } = await buildWithMail(t)
  const { id } = await signUpVerified(app, 'ada')
  const subjects: Record<string, RegExp> = {
    authn_factor_added: /method was added/,
    authn_factor_removed: /method was removed/,
    authn_recovery_code_used: /recovery code was used/,
    identity_linked: /provider was linked/,
    api_token_created: /API token/
  }
  const { defineAuditEvents, stored } = await import('../../../src/plugins/platform/audit/event-types.ts')
  for (const [event, subject] of Object.entries(subjects)) {
    defineAuditEvents({ [event]: stored('info') })
    logEvent(app, event as never, { userId: id, userAgent: 'https://evil.test/ <b>Firefox/1</b>' })
    await mailTo('ada@example.com', subject)
  }
  t.notMatch((await mails()).map(({ raw }) => raw).join(), 'evil.test')
})

t.test('an address that nobody verified gets a bounded number of notices', async (t) => {
  const { app, mails } = await buildWithMail(t)
  const { id } = await signUp(app, 'ada')
  for (let i = 0; i < 25; i++) logEvent(app, 'authn_password_change', { userId: id })
  for (let i = 0; i < 100 && (await mails()).length < 21; i++) await new Promise((resolve) => setTimeout(resolve, 20))
  await app.close()
  t.equal((await mails()).filter(({ subject }) => /password was changed/.test(subject)).length, 20)
})

t.test('browsers are recognized from a fixed list', (t) => {
  const families = {
    [FIREFOX]: 'Firefox',
    [CHROME]: 'Chrome',
    [`${CHROME} Edg/140.0`]: 'Edge',
    [`${CHROME} OPR/120.0`]: 'Opera',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1':
      'Safari',
    'curl/8.5.0': null,
    '': null
  }
  for (const [userAgent, family] of Object.entries(families)) t.equal(browserFamily(userAgent), family, userAgent)
  t.equal(browserFamily(undefined), null)
  t.end()
})
