import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import { readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { build, buildWithLog, logIn, testEnvironment } from '../../../build.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { freshPostgresUri, noRedis, redisUrl, waitUntil } from '../../../servers.ts'
import { authority, elsewhere, here, listenWithTls } from '../../../tls.ts'

// Both servers behind a front that speaks TLS: what the service makes of its certificate, and what it says of it.

const usual = getCACertificates('default')
const trust = (t: Test) => {
  setDefaultCACertificates([...usual, authority])
  t.teardown(() => setDefaultCACertificates(usual))
}

const faults = [
  { name: 'by an authority that nobody knows', certificate: here, isKnown: false, says: 'NODE_EXTRA_CA_CERTS' },
  // It names localhost, with which postgres.js would compare the certificate of any address.
  { name: 'for another host', certificate: elsewhere, isKnown: true, says: 'the certificate is for another host' },
  {
    name: 'missing, since the server does not use TLS',
    certificate: null,
    isKnown: true,
    says: 'the server does not use TLS'
  }
]
const servers = [
  {
    name: 'a PostgreSQL',
    protocol: 'postgres' as const,
    setting: 'DB_URI',
    environment: (port: number) => ({
      DB_URI: `postgres://ada:hunter2@127.0.0.1:${port}/app?sslmode=verify-full`,
      DB_MIGRATE: 'check'
    })
  },
  {
    name: 'a Redis',
    protocol: 'redis' as const,
    setting: 'REDIS_URL',
    environment: (port: number) => ({ REDIS_URL: `rediss://:hunter2@127.0.0.1:${port}` })
  },
  {
    name: 'a Sentinel',
    protocol: 'redis' as const,
    setting: 'REDIS_URL',
    environment: (port: number) => ({ REDIS_URL: `rediss+sentinel://:hunter2@127.0.0.1:${port}/main` })
  }
]

for (const { name: server, protocol, setting, environment } of servers) {
  for (const { name, certificate, isKnown, says } of faults) {
    t.test(`ASVS 12.3.2: ${server} whose certificate is ${name} is told nothing, and the log says why`, async (t) => {
      if (isKnown) trust(t)
      const { told, port } = await listenWithTls(t, certificate, protocol)
      const { app, lines } = await buildWithLog(t, environment(port))
      const down = () => lines.filter(({ event }) => event === 'dependency_down')
      await waitUntil(() => down().length > 0, 'it is said')
      t.equal(told.bytes, 0, 'not even the name of the user')
      t.match(down(), [{ level: 'error', msg: new RegExp(`; ${setting}: .*${says}`) }])
      t.notMatch(JSON.stringify(lines), /hunter2/)
      const ready = await app.inject({ method: 'GET', url: '/readyz' })
      t.match(ready.json(), { checks: protocol === 'redis' ? { redis: 'down' } : { database: 'down' } })
      const { connections } = told
      await waitUntil(() => told.connections >= connections + 2, 'the service tries twice more')
      t.equal(down().length, 1, 'once')
    })
  }
}

for (const mode of ['require', 'verify-full', 'no-verify']) {
  t.test(
    `ASVS 12.3.2: sslmode=${mode} ${mode === 'no-verify' ? 'takes any' : 'verifies the'} certificate`,
    async (t) => {
      const target = new URL(await freshPostgresUri())
      const { port } = await listenWithTls(t, here, 'postgres', Number(target.port))
      target.port = `${port}`
      target.searchParams.set('sslmode', mode)
      const distrusting = await build(t, { DB_URI: `${target}` })
      const ready = await distrusting.inject({ method: 'GET', url: '/readyz' })
      t.equal(ready.statusCode, mode === 'no-verify' ? 200 : 503)
      trust(t)
      const trusting = await build(t, { DB_URI: `${target}` })
      t.equal((await trusting.inject({ method: 'GET', url: '/readyz' })).statusCode, 200)
      await logIn(trusting, 'ada')
    }
  )
}

t.test(
  'ASVS 12.3.2: NODE_EXTRA_CA_CERTS names a private authority, for PostgreSQL and for Redis',
  { skip: noRedis },
  async (t) => {
    const [database, redis] = [new URL(await freshPostgresUri()), new URL(await redisUrl())]
    const fronts = [
      await listenWithTls(t, here, 'postgres', Number(database.port)),
      await listenWithTls(t, here, 'redis', Number(redis.port))
    ]
    database.port = `${fronts[0]?.port}`
    database.hostname = 'localhost'
    database.searchParams.set('sslmode', 'verify-full')
    const folder = freshFolder(t)
    writeFileSync(join(folder, 'authority.pem'), authority)
    const { url } = await startListening(t, folder, {
      ...settled,
      DB_URI: `${database}`,
      DB_MIGRATE: 'auto',
      REDIS_URL: `rediss://localhost:${fronts[1]?.port}`,
      NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem')
    })
    const isOk = async () => ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status === 'ok'
    await waitUntil(isOk, 'the service has both')
    t.ok(await isOk())
  }
)

t.test('no setting of TLS is passed over in silence', async (t) => {
  for (const query of ['sslmode=prefer', 'sslmode=verify-ca', 'ssl=true', 'sslrootcert=/ca.pem', 'sslmode=']) {
    const read = () => readSettings({ ...testEnvironment, DB_URI: `postgres://ada:hunter2@db/app?${query}` })
    t.throws(read, { message: /^ {2}DB_URI must be .*sslmode/m, faults: { length: 1 } }, query)
  }
})

t.test(
  'one host of PostgreSQL is named: of several none would be found to be the one that takes changes',
  async (t) => {
    for (const address of ['db1,db2/app', 'db1,db2:5432/app', 'db/app?target_session_attrs=read-write']) {
      const read = () => readSettings({ ...testEnvironment, DB_URI: `postgres://ada:hunter2@${address}` })
      t.throws(read, { message: /^ {2}DB_URI must be .*one host/m, faults: { length: 1 } }, address)
    }
  }
)
