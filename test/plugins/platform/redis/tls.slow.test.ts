import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { testCertificates } from '../../../certificates.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { noRedis, redisUrl } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'
import { authority, here, listenWithTls } from '../../../tls.ts'

testCertificates({
  name: 'a Redis',
  protocol: 'redis',
  setting: 'REDIS_URL',
  environment: (port) => ({ REDIS_URL: `rediss://:hunter2@127.0.0.1:${port}` })
})

testCertificates({
  name: 'a Sentinel',
  protocol: 'redis',
  setting: 'REDIS_URL',
  environment: (port) => ({ REDIS_URL: `rediss+sentinel://:hunter2@127.0.0.1:${port}/main` })
})

t.test('ASVS 12.3.2: NODE_EXTRA_CA_CERTS names a private authority for Redis too', { skip: noRedis }, async (t) => {
  const front = await listenWithTls(t, here, 'redis', Number(new URL(await redisUrl()).port))
  const folder = freshFolder(t)
  writeFileSync(join(folder, 'authority.pem'), authority)
  const { url } = await startListening(t, folder, {
    ...settled,
    REDIS_URL: `rediss://localhost:${front.port}`,
    NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem')
  })
  const isOk = async () => ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status === 'ok'
  await waitUntil(isOk, 'the service has it')
  t.ok(await isOk())
})
