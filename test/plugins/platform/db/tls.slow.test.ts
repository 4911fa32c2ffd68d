import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { build, logIn, testEnvironment } from '../../../build.ts'
import { testCertificates, trust } from '../../../certificates.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { freshPostgresUri } from '../../../servers.ts'
import { authority, here, listenWithTls } from '../../../tls.ts'

testCertificates({
  name: 'a PostgreSQL',
  protocol: 'postgres',
  setting: 'DB_URI',
  environment: (port: number) => ({
    DB_URI: `postgres://ada:hunter2@127.0.0.1:${port}/app?sslmode=verify-full`,
    DB_MIGRATE: 'check'
  })
})

for (const mode of ['require', 'verify-full', 'no-verify']) {
  t.test(
    `ASVS 12.3.2: sslmode=${mode} ${mode === 'no-verify' ? 'accepts any' : 'verifies the'} certificate`,
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

t.test('ASVS 12.3.2: NODE_EXTRA_CA_CERTS names a private authority', async (t) => {
  const database = new URL(await freshPostgresUri())
  const front = await listenWithTls(t, here, 'postgres', Number(database.port))
  database.port = `${front.port}`
  database.hostname = 'localhost'
  database.searchParams.set('sslmode', 'verify-full')
  const folder = freshFolder(t)
  writeFileSync(join(folder, 'authority.pem'), authority)
  const { url } = await startListening(t, folder, {
    ...settled,
    DB_URI: `${database}`,
    DB_MIGRATE: 'auto',
    NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem')
  })
  t.equal((await fetch(`${url}/readyz`)).status, 200)
})

t.test('no TLS setting is silently ignored', async (t) => {
  for (const query of ['sslmode=prefer', 'sslmode=verify-ca', 'ssl=true', 'sslrootcert=/ca.pem', 'sslmode=']) {
    const read = () => readSettings({ ...testEnvironment, DB_URI: `postgres://ada:hunter2@db/app?${query}` })
    t.throws(read, { message: /^DB_URI has .*\bssl/, faults: { length: 1 } }, query)
  }
})

t.test(
  'DB_URI with several PostgreSQL hosts is refused, because the service would not look for the primary',
  async (t) => {
    for (const address of ['db1,db2/app', 'db1,db2:5432/app', 'db/app?target_session_attrs=read-write']) {
      const read = () => readSettings({ ...testEnvironment, DB_URI: `postgres://ada:hunter2@${address}` })
      t.throws(read, { message: /^DB_URI names several hosts: /, faults: { length: 1 } }, address)
    }
  }
)
