import t from 'tap'
import {
  type Environment,
  InvalidSettings,
  readSettings,
  settingNames
} from '../../../../src/plugins/platform/config/settings.ts'
import { randomKey, testEnvironment } from '../../../build.ts'

/** The errors of these settings. */
function faultsOf(environment: Environment): readonly string[] {
  try {
    readSettings({ ...testEnvironment, ...environment })
    return []
  } catch (error) {
    if (error instanceof InvalidSettings) return error.faults
    throw error
  }
}

const secretNames = settingNames().filter((name) => /(SECRET|ENCRYPTION)_KEY$/.test(name))
const durations = settingNames().filter((name) => /_TTL$|_AGE$|_FOR$|_WINDOW$/.test(name))
const key = randomKey()

t.test('every error names its setting and never contains the value', async (t) => {
  for (const name of settingNames()) {
    const faults = faultsOf({ [name]: 'xyzzy://user:hunter2 @host' })
    t.match(faults, [new RegExp(`^${name} `)])
    t.equal(faults.length, 1, name)
    t.notMatch(faults.join(), /xyzzy|hunter2/)
  }
})

t.test('ASVS 3.4.2, 4.1.3, 15.3.4: each invalid setting is refused by name', async (t) => {
  const rows: [name: string, ...values: string[]][] = [
    ...durations.map((name): [string, string] => [name, '0']),
    ['HOST', 'http://localhost', 'two words', 'a/b'],
    ['PORT', '65536', '-1', '80a', '3000.5'],
    ['TRUST_PROXY', 'true', '1', 'loopback', 'proxy.internal', '10.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.1,true'],
    ['TRUST_PROXY', '10.0.0.0/8/8', '10.0.0/8', '1.2.3.4:80', 'fe80::1%eth0', '::1/129', '10.0.0.0/'],
    ['CORS_API_ORIGINS', '*', 'null', 'https://app.example/', 'https://app.example/path', 'https://app.example:443'],
    [
      'CORS_API_ORIGINS',
      'http://app.example:80',
      'https://*.example',
      'app.example',
      '//app.example',
      'HTTPS://app.example'
    ],
    [
      'CORS_API_ORIGINS',
      'https://App.example',
      'https://user@app.example',
      'ftp://app.example',
      'https://ok.example,*'
    ],
    ['CORS_API_ORIGINS', 'file://', 'file:///app', 'file://localhost', 'data:text/html,x', 'javascript:alert(1)'],
    ['CORS_API_ORIGINS', 'blob:https://app.example', 'about:blank', 'ws://app.example', 'custom://localhost'],
    ['CORS_API_ORIGINS', 'capacitor://', 'capacitor://localhost/', 'capacitor://*', 'CAPACITOR://localhost'],
    ['CORS_API_ORIGINS', 'capacitor:localhost', 'ionic://localhost/path', 'app://localhost?x', 'app://localhost#x'],
    ['CORS_API_ORIGINS', 'tauri://user@localhost', 'tauri://localhost:99999', 'chrome-extension://*', 'app://a b'],
    ['CORS_ALLOWED_HEADERS', '*', 'x-*', 'x tenant', 'x-tenant:', 'x-tenant,*', '"x-tenant"', 'x/y', 'mandant-ä'],
    ['DB_URI', 'mysql://host/name', 'http://host', 'redis://host', 'sqlite://file.db'],
    ['LOG_LEVEL', 'verbose', 'INFO'],
    ['METRICS_PORT', '0', '65536', 'on'],
    ['METRICS_HOST', 'http://localhost', 'two words'],
    ['MAX_EVENT_LOOP_DELAY_MS', '-1', '60001', '0.5s'],
    ['RATE_LIMIT_MAX', '0', 'many'],
    ['PASSWORD_MIN_LENGTH', '7', '257'],
    ['COOKIE_SECURE', 'yes'],
    ['API_DOCS', '1'],
    ['SHUTDOWN_DELAY', '-1', 'soon', '61m', '30d'],
    ['RATE_LIMIT_WINDOW', '25d']
  ]
  // The parts of some settings can be removed.
  for (const [name, ...values] of rows.filter(([name]) => settingNames().includes(name))) {
    for (const value of values) {
      const faults = faultsOf({ [name]: value })
      t.equal(faults.length, 1, `${name}=${value} is refused`)
      t.match(faults[0], new RegExp(`^${name} `))
    }
  }
})

t.test('a duration for a timer is limited to what timers support, and the error states the limit', async (t) => {
  for (const [name, longest] of [
    ['SHUTDOWN_DELAY', '1h'],
    ['RATE_LIMIT_WINDOW', '24d']
  ] as const) {
    const settings = readSettings({ ...testEnvironment, [name]: longest })
    t.ok(settings[name] * 1000 < 2 ** 31, name)
    t.match(faultsOf({ [name]: '25d' }), [new RegExp(`^${name} must be a duration .* to ${longest}$`)])
  }
})

t.test('values of real deployments are accepted', async (t) => {
  const rows: Environment[] = [
    { TRUST_PROXY: '10.0.0.1, 192.168.0.0/16,::1,fd00::/8' },
    { CORS_API_ORIGINS: 'https://app.example,http://localhost:5173,http://127.0.0.1:8080,https://[::1]:5173' },
    { CORS_API_ORIGINS: 'capacitor://localhost, ionic://localhost,tauri://localhost,app://localhost,app://-' },
    { CORS_API_ORIGINS: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop,capacitor://localhost:8100' },
    { CORS_API_ORIGINS: 'moz-extension://2c1ff34f-5bd1-4bd4-8c55-3cd4a3d4a2ee' },
    { CORS_ALLOWED_HEADERS: 'x-tenant, X-Client-Version,x_y,!#$%&.^`|~' },
    { DB_URI: 'postgres://user:pass@host:5432/name' },
    { DB_URI: 'postgresql://host/name?sslmode=verify-full' },
    { DB_URI: './data/app.db' },
    { DB_URI: 'file:/var/lib/app.db' },
    { PORT: '0', HOST: '::' },
    { SHUTDOWN_DELAY: '0' },
    { SHUTDOWN_DELAY: '1h', RATE_LIMIT_WINDOW: '24d', LOGIN_MAX_AGE: '3650d' }
  ]
  for (const row of rows) t.same(faultsOf(row), [], JSON.stringify(row))
})

t.test(
  'ASVS 11.2.3, 13.3.1: short, repetitive, placeholder, and missing secrets are refused, even one in a list',
  async (t) => {
    const weak = [
      'short',
      key.slice(0, 31),
      'a'.repeat(64),
      'abcd1234'.repeat(8),
      '0123456789abcdefghijklmnopqrstuvwxyz',
      `changeme${key}`,
      `${key}-your-secret`,
      `my password is ${key}`,
      `${key},short`,
      `short,${key}`,
      `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----`
    ]
    for (const name of secretNames) {
      for (const value of weak) {
        const faults = faultsOf({ [name]: value })
        t.match(
          faults,
          [new RegExp(`^${name} must be one or more comma-separated keys`)],
          `${name}=${value.slice(0, 20)}…`
        )
        t.notMatch(faults.join(), value)
      }
      if (name === 'ENCRYPTION_KEY') continue
      for (const value of [undefined, '', '   ']) t.match(faultsOf({ [name]: value }), [`${name} is required`])
    }
  }
)

t.test('ASVS 13.3.1: no two secrets share a key, not even in lists', async (t) => {
  const [first = '', ...others] = secretNames
  for (const name of secretNames) t.match(faultsOf({ [name]: `${key},${key}` }), [/must not share a key/])
  for (const other of others) {
    t.match(faultsOf({ [first]: key, [other]: `${randomKey()},${key}` }), [
      new RegExp(`${first} and ${other} must not`)
    ])
  }
})

t.test('settings that conflict are refused', async (t) => {
  const hasCookies = settingNames().includes('COOKIE_SAME_SITE')
  const faults = faultsOf({ COOKIE_SAME_SITE: 'none', COOKIE_SECURE: 'false' })
  t.same(faults, hasCookies ? ['COOKIE_SAME_SITE=none needs COOKIE_SECURE=true'] : [])
})

t.test('all invalid settings are reported together', async (t) => {
  const faults = faultsOf({ PORT: 'x', LOG_LEVEL: 'x', SECRET_KEY: undefined, LOGIN_MAX_AGE: 'x' })
  t.same(faults.map((fault) => fault.split(/[ =]/)[0]).sort(), ['LOGIN_MAX_AGE', 'LOG_LEVEL', 'PORT', 'SECRET_KEY'])
  const { message } = new InvalidSettings([...faults])
  for (const fault of faults) t.match(message, fault)
})

t.test('an empty setting counts as not set, and spaces around a value are ignored', async (t) => {
  const settings = readSettings({
    ...testEnvironment,
    PORT: '',
    RATE_LIMIT_MAX: ' ',
    TRUST_PROXY: '',
    HOST: ' ::1 '
  })
  t.match(settings, { PORT: 3000, RATE_LIMIT_MAX: 1000, TRUST_PROXY: [], HOST: '::1' })
})

t.test('the settings and their lists are frozen', async (t) => {
  const settings = readSettings({ ...testEnvironment, TRUST_PROXY: '10.0.0.1' })
  t.throws(() => Object.assign(settings, { PORT: 1 }), TypeError)
  t.throws(() => (settings.TRUST_PROXY as string[]).push('10.0.0.2'), TypeError)
})
