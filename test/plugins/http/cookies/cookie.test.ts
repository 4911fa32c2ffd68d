import t from 'tap'
import { cookieName, decodeValue } from '../../../../src/plugins/http/cookies/cookie.ts'
import { readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { build, logIn, signUp, testEnvironment, transports } from '../../../build.ts'

const cookie = transports.find(({ kind }) => kind === 'cookie')
const byCookie = { skip: !cookie && 'logs in by cookie' }

t.test('the name of a cookie binds it to the host if it is Secure, and to the port otherwise', async (t) => {
  const nameWith = (environment: Record<string, string>, purpose: 'sid' | 'refresh') =>
    cookieName(readSettings({ ...testEnvironment, ...environment }), purpose)
  t.equal(nameWith({ PORT: '8080' }, 'sid'), '__Host-sid')
  t.equal(nameWith({ PORT: '8080' }, 'refresh'), '__Host-refresh')
  t.equal(nameWith({ COOKIE_SECURE: 'false' }, 'sid'), 'sid-3000')
  t.equal(nameWith({ COOKIE_SECURE: 'false', PORT: '8080' }, 'refresh'), 'refresh-8080')
})

t.test('two services on localhost do not share cookies', byCookie, async (t) => {
  const jar: string[] = []
  const apps = []
  for (const PORT of ['3000', '4000']) {
    const app = await build(t, { COOKIE_SECURE: 'false', PORT })
    jar.push((await logIn(app, `user-${PORT}`, cookie)).headers['cookie'] ?? '')
    apps.push(app)
  }
  for (const app of apps) {
    const headers = { cookie: jar.join('; ') }
    const { username } = (await app.inject({ method: 'GET', url: '/api/users/me', headers })).json()
    t.equal(username, `user-${app.config.PORT}`)
  }
})

t.test('a cookie value is decoded in every form that clients send', async (t) => {
  for (const [text, value] of [
    ['a', 'a'],
    ['"a"', 'a'],
    ['"a%2Bb"', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['%zz', '%zz'],
    ['"%zz"', '%zz'],
    ['""', ''],
    ['"', '"'],
    ['"a', '"a'],
    ['a"', 'a"'],
    ['%22a%22', '"a"'],
    ['', '']
  ] as const)
    t.equal(decodeValue(text), value, text)
})

t.test('a session cookie may be in double quotes', byCookie, async (t) => {
  const app = await build(t)
  await signUp(app, 'ada')
  const { headers } = (await cookie?.logIn(app, 'ada')) ?? { headers: {} as Record<string, string> }
  const [name, value] = (headers['cookie'] ?? '').split('=')
  for (const sent of [`${name}="${value}"`, `a=1;${name}="${value}"`, `a="x y"; ${name}="${value}"; b=2`]) {
    const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: { cookie: sent } })
    t.equal(reply.statusCode, 200, sent.replace(value ?? '', '…'))
    t.equal(reply.headers['set-cookie'], undefined, 'and is not signed anew')
  }
})
