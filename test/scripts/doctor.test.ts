import t from 'tap'
import { checks } from '../../scripts/doctor-rules.ts'
import { type Environment, readSettings, settingNames } from '../../src/plugins/platform/config/settings.ts'
import { testEnvironment } from '../build.ts'

type Case = { page?: string; api?: string; environment?: Environment; hasCookies?: boolean }

/** Correct settings for production: two host names of one site, behind a proxy. */
const production: Environment = {
  COOKIE_SECURE: 'true',
  CORS_API_ORIGINS: 'https://app.example.com',
  TRUST_PROXY: '10.0.0.0/8',
  HOST: '0.0.0.0'
}
/** The settings of .env.example. */
const local: Environment = { COOKIE_SECURE: 'false', CORS_API_ORIGINS: 'http://localhost:5173', API_DOCS: 'true' }

/** The settings that the doctor would change. */
function diagnose({ page = 'https://app.example.com', api = 'https://api.example.com', ...rest }: Case) {
  const settings = readSettings({ ...testEnvironment, ...production, ...rest.environment })
  const place = { page: new URL(page), api: new URL(api), settings, hasCookies: rest.hasCookies ?? true }
  return checks.flatMap(({ find }) => find(place)?.setting ?? [])
}

const elsewhere = { page: 'https://app.example.org', api: 'https://api.example.com' }
const here = { page: 'http://localhost:5173', api: 'http://localhost:3000' }
const twoPages = {
  environment: { CORS_API_ORIGINS: 'https://app.example.com,https://app.example.org', COOKIE_SAME_SITE: 'none' }
}
const right: [what: string, setUp: Case][] = [
  ['two names of one site', {}],
  ['one origin for both', { page: 'https://example.com', api: 'https://example.com' }],
  [
    'one origin and none listed',
    { page: 'https://a.com', api: 'https://a.com', environment: { CORS_API_ORIGINS: '' } }
  ],
  [
    'two sites',
    { ...elsewhere, environment: { CORS_API_ORIGINS: 'https://app.example.org', COOKIE_SAME_SITE: 'none' } }
  ],
  [
    'two customers of a public suffix',
    {
      page: 'https://ada.github.io',
      environment: { CORS_API_ORIGINS: 'https://ada.github.io', COOKIE_SAME_SITE: 'none' }
    }
  ],
  ['SameSite=Strict within a site', { environment: { COOKIE_SAME_SITE: 'strict' } }],
  ['a proxy on the same machine', { environment: { TRUST_PROXY: '127.0.0.1', HOST: 'localhost' } }],
  [
    'private networks, all of them',
    { environment: { TRUST_PROXY: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7' } }
  ],
  ['two pages, one of the same site and one of another', twoPages],
  ['the other of these', { ...twoPages, page: 'https://app.example.org' }],
  ['the service is below a path that the proxy takes away', { api: 'https://api.example.com/v1' }],
  ['the address with /api, as clients may have it', { api: 'https://api.example.com/api' }],
  [
    'a page on this machine, and a service elsewhere to try it on',
    {
      page: 'http://localhost:5173',
      environment: { CORS_API_ORIGINS: 'http://localhost:5173', COOKIE_SAME_SITE: 'none' }
    }
  ],
  [
    'https on this machine',
    {
      page: 'https://localhost:5173',
      api: 'https://localhost:3000',
      environment: { CORS_API_ORIGINS: 'https://localhost:5173' }
    }
  ],
  [
    'a name that only begins like localhost',
    { page: 'https://localhosting.example.com', environment: { CORS_API_ORIGINS: 'https://localhosting.example.com' } }
  ],
  [
    'tokens alone, from another site',
    { ...elsewhere, environment: { CORS_API_ORIGINS: 'https://app.example.org' }, hasCookies: false }
  ],
  [
    'an app that logs in by tokens',
    { page: 'capacitor://localhost', environment: { CORS_API_ORIGINS: 'capacitor://localhost' }, hasCookies: false }
  ],
  [
    'an app that logs in by cookies',
    {
      page: 'tauri://localhost',
      environment: { CORS_API_ORIGINS: 'tauri://localhost', COOKIE_SAME_SITE: 'none' }
    }
  ],
  [
    'a page of the same site, and an app for which SameSite is None',
    { environment: { CORS_API_ORIGINS: 'https://app.example.com,capacitor://localhost', COOKIE_SAME_SITE: 'none' } }
  ],
  ['a container whose port has another number outside', { ...here, api: 'http://localhost:8080', environment: local }],
  ['a machine to develop on', { ...here, environment: local }]
]
for (const [what, setUp] of right) {
  t.test(`the doctor finds nothing: ${what}`, async (t) => {
    t.same(diagnose(setUp), [])
  })
}

const wrong: [what: string, setUp: Case, setting: string][] = [
  ['the page is not listed', { page: 'https://www.example.com' }, 'CORS_API_ORIGINS'],
  ['it is listed with another port', { page: 'https://app.example.com:8443' }, 'CORS_API_ORIGINS'],
  ['no page is listed', { environment: { CORS_API_ORIGINS: '' } }, 'CORS_API_ORIGINS'],
  [
    'a page of localhost is left in the list',
    { environment: { CORS_API_ORIGINS: 'https://app.example.com,http://localhost:5173' } },
    'CORS_API_ORIGINS'
  ],
  [
    'a page of plain http is in the list',
    { environment: { CORS_API_ORIGINS: 'https://app.example.com,http://app.example.com' } },
    'CORS_API_ORIGINS'
  ],
  ['cookies are not Secure behind https', { environment: { COOKIE_SECURE: 'false' } }, 'COOKIE_SECURE'],
  ['cookies are Secure on plain http', { ...here, environment: { ...local, COOKIE_SECURE: 'true' } }, 'COOKIE_SECURE'],
  [
    'the page is of another site, SameSite is Lax',
    { ...elsewhere, environment: { CORS_API_ORIGINS: 'https://app.example.org' } },
    'COOKIE_SAME_SITE'
  ],
  [
    'so is the page of an app',
    { page: 'capacitor://localhost', environment: { CORS_API_ORIGINS: 'capacitor://localhost' } },
    'COOKIE_SAME_SITE'
  ],
  ['another app is listed', { page: 'ionic://localhost', hasCookies: false }, 'CORS_API_ORIGINS'],
  [
    'so are two customers of a public suffix',
    {
      page: 'https://ada.github.io',
      api: 'https://bob.github.io',
      environment: { CORS_API_ORIGINS: 'https://ada.github.io' }
    },
    'COOKIE_SAME_SITE'
  ],
  ['SameSite is None and need not be', { environment: { COOKIE_SAME_SITE: 'none' } }, 'COOKIE_SAME_SITE'],
  ['no proxy is trusted behind https', { environment: { TRUST_PROXY: '' } }, 'TRUST_PROXY'],
  ['everybody is trusted', { environment: { TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' } }, 'TRUST_PROXY'],
  ['the proxy cannot connect', { environment: { HOST: 'localhost' } }, 'HOST'],
  ['the reference page is public', { environment: { API_DOCS: 'true' } }, 'API_DOCS'],
  ['failed logins are not logged', { environment: { LOG_LEVEL: 'error' } }, 'LOG_LEVEL'],
  [
    'http and https are mixed on this machine',
    {
      page: 'http://localhost:5173',
      api: 'https://localhost:3000',
      environment: { CORS_API_ORIGINS: 'http://localhost:5173' }
    },
    '--api'
  ],
  ['localhost and 127.0.0.1 are mixed', { ...here, api: 'http://127.0.0.1:3000', environment: local }, '--api']
]
/** The part of a setting can be removed. */
const isHere = (setting: string) => setting.startsWith('--') || settingNames().includes(setting)
for (const [what, setUp, setting] of wrong.filter(([, , setting]) => isHere(setting))) {
  t.test(`the doctor names only the setting to change: ${what}`, async (t) => {
    t.same(diagnose(setUp), [setting])
  })
}

t.test('the doctor reports plain HTTP on both sides, but not its consequences', async (t) => {
  const http = { environment: { COOKIE_SECURE: 'false', CORS_API_ORIGINS: 'http://app.example.com', TRUST_PROXY: '' } }
  t.same(diagnose({ ...http, page: 'http://app.example.com', api: 'http://api.example.com' }), ['--api', '--spa'])
  t.ok(diagnose({ page: 'http://app.example.com' }).includes('--spa'))
  t.ok(diagnose({ api: 'http://api.example.com' }).includes('--api'))
})

t.test('one mistake does not hide others', async (t) => {
  const environment = { ...local, TRUST_PROXY: '' }
  const expected = ['CORS_API_ORIGINS', 'COOKIE_SECURE', 'TRUST_PROXY', 'CORS_API_ORIGINS', 'API_DOCS']
  t.same(diagnose({ environment }), expected.filter(isHere), '.env.example, taken to production')
})
