import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { openDatabase } from '../../../src/plugins/db/migrations.ts'
import { build } from '../../build.ts'

// A certificate that nobody signed but itself, for localhost until 2126; its key protects nothing.
const cert = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUIVd/G6nxxe1Etrlr93xFt2hntXswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE0Mjg0M1oYDzIxMjYxMDMx
MTQyODQzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARGZQJv3x+wnshE/0QLqqhPVS8UT6xr6gU23QvX4KRrhgrK7Q3nC4J/
IdC4rjdxIg0lXGXpSfgSaUchaCbPU6RZo28wbTAdBgNVHQ4EFgQULDRWEXy+XqKA
KabS2lqCjsxpJ1MwHwYDVR0jBBgwFoAULDRWEXy+XqKAKabS2lqCjsxpJ1MwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAM8T5HZ6cT4nDbihxgyP0JBFM27oTFUyNIFmZjXOz8rZAiEA
kT57YtlHTPdMjcAJceb1jnXbIE5O4Ois6mt32e27U2U=
-----END CERTIFICATE-----
`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPDyJnjVF1n1LErCZ
yJR+JyWFwsn1JHSUSMspX9wkx4GhRANCAARGZQJv3x+wnshE/0QLqqhPVS8UT6xr
6gU23QvX4KRrhgrK7Q3nC4J/IdC4rjdxIg0lXGXpSfgSaUchaCbPU6RZ
-----END PRIVATE KEY-----
`

/** A server that speaks TLS with that certificate; PostgreSQL asks for TLS by eight bytes of its own first. */
async function listen(t: Test, isPostgres: boolean) {
  const secured = { count: 0, bytes: 0 }
  const tls = createServer({ cert, key }, (socket) => {
    secured.count++
    socket.on('data', (data) => {
      secured.bytes += data.length
    })
    socket.on('error', () => {})
  })
  tls.on('tlsClientError', () => {})
  const { createServer: createTcp } = await import('node:net')
  const server = createTcp((socket) => {
    socket.on('error', () => {})
    if (!isPostgres) return tls.emit('connection', socket)
    socket.once('data', () => {
      socket.write('S')
      tls.emit('connection', socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { secured, port: (server.address() as { port: number }).port }
}

t.test(
  'ASVS 12.3.2: a PostgreSQL whose certificate nobody knows gets nothing where it is to be verified',
  async (t) => {
    const { secured, port } = await listen(t, true)
    const connection = await openDatabase(`postgres://ada:hunter2@127.0.0.1:${port}/app?sslmode=verify-full`)
    t.teardown(() => connection.close())
    await t.rejects(connection.ping())
    t.equal(secured.bytes, 0, 'not even the name of the user')
  }
)

t.test('ASVS 12.3.2: a Redis whose certificate nobody knows is not used, and gets no password', async (t) => {
  const { secured, port } = await listen(t, false)
  const app = await build(t, { REDIS_URL: `rediss://:hunter2@127.0.0.1:${port}` })
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.equal(app.redis?.isUp(), false)
  t.equal(secured.bytes, 0)
})
