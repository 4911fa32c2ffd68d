import { createPrivateKey } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Environment } from '../../../../src/plugins/platform/config/settings.ts'
import { backends, build, logIn, randomKey } from '../../../build.ts'
import { forge, forgeWith, takeApart } from './forge.ts'
import { refresh, whoami } from './matrix/target.ts'
import { algorithms, edPem } from './pem.ts'
import { token } from './transport.ts'

const answer = ({ statusCode, json }: Awaited<ReturnType<typeof whoami>>) =>
  statusCode === 200 ? '200' : `${statusCode} ${json().code}`

/** A database that several apps can open, one after another. */
const shared = async (t: Test, backend: (typeof backends)[number]): Promise<Environment> => {
  const environment = await backend.environment()
  return environment['DB_URI'] !== ':memory:' ? environment : { DB_URI: `file:${t.testdir()}/app.db` }
}

for (const backend of backends) {
  t.test(`keys on ${backend.name}`, { skip: backend.skip }, async (t) => {
    t.test('ASVS 11.2.3, 13.3.4: with several secrets, the first signs and all verify', async (t) => {
      const environment = await shared(t, backend)
      const [oldKey, newKey] = [randomKey(), randomKey()]
      const before = await build(t, { ...environment, JWT_SECRET_KEY: oldKey })
      const { body } = await logIn(before, 'ada', token)
      const [oldAccess = '', oldRefresh = ''] = [body['accessToken'], body['refreshToken']]

      const during = await build(t, { ...environment, JWT_SECRET_KEY: `${newKey},${oldKey}` })
      t.equal(answer(await whoami(during, oldAccess)), '200')
      const refreshed = await refresh(during, oldRefresh)
      t.equal(refreshed.statusCode, 200)
      const { accessToken, refreshToken } = refreshed.json()
      for (const signed of [accessToken, refreshToken]) {
        const { header, claims } = takeApart(signed)
        t.equal(forge(header, claims, newKey), signed)
        t.not(header['kid'], takeApart(oldAccess).header['kid'])
      }
      const { header, claims } = takeApart(oldAccess)
      const expired = forge(header, { ...claims, exp: 1 }, oldKey)
      t.equal(answer(await whoami(during, expired)), '401 TOKEN_EXPIRED', 'the second key is as good')
      t.equal(answer(await whoami(before, accessToken)), '401 INVALID_TOKEN', 'who has not got it yet')

      const after = await build(t, { ...environment, JWT_SECRET_KEY: newKey })
      t.equal(answer(await whoami(after, accessToken)), '200')
      t.equal(answer(await whoami(after, oldAccess)), '401 INVALID_TOKEN')
      t.equal(answer(await refresh(after, oldRefresh)), '401 INVALID_TOKEN')
      t.equal(answer(await refresh(after, refreshToken)), '200')
    })

    for (const { alg, pem } of algorithms) {
      t.test(`ASVS 11.2.3, 13.3.4: with several private keys for ${alg}, the first signs and all verify`, async (t) => {
        const environment = { ...(await shared(t, backend)), JWT_SECRET_KEY: randomKey() }
        const [oldKey, newKey] = [pem(), pem()]
        const before = await build(t, { ...environment, JWT_PRIVATE_KEY: oldKey })
        const { body } = await logIn(before, 'ada', token)
        const [oldAccess = '', oldRefresh = ''] = [body['accessToken'], body['refreshToken']]

        const during = await build(t, { ...environment, JWT_PRIVATE_KEY: `${newKey}${oldKey}` })
        t.equal(answer(await whoami(during, oldAccess)), '200')
        const { header, claims } = takeApart(oldAccess)
        const keyless = forgeWith({ alg, typ: 'at+jwt' }, claims, createPrivateKey(oldKey))
        t.equal(answer(await whoami(during, keyless)), '200', 'without kid all are tried')
        const { accessToken } = (await refresh(during, oldRefresh)).json()
        t.not(takeApart(accessToken).header['kid'], header['kid'])

        const after = await build(t, { ...environment, JWT_PRIVATE_KEY: newKey })
        t.equal(answer(await whoami(after, accessToken)), '200')
        t.equal(answer(await whoami(after, oldAccess)), '401 INVALID_TOKEN')
        t.equal(answer(await whoami(after, keyless)), '401 INVALID_TOKEN')
        t.equal(answer(await refresh(after, oldRefresh)), '200', 'refresh tokens have the other key')
      })
    }

    t.test(
      'ASVS 9.1.2: setting a private key invalidates access tokens of the secret, and a refresh returns new ones',
      async (t) => {
        const environment = { ...(await shared(t, backend)), JWT_SECRET_KEY: randomKey() }
        const plain = await build(t, environment)
        const { body } = await logIn(plain, 'ada', token)
        const { accessToken: byHmac = '', refreshToken = '' } = body
        const signing = await build(t, { ...environment, JWT_PRIVATE_KEY: edPem() })
        t.equal(answer(await whoami(signing, byHmac)), '401 INVALID_TOKEN')
        const refreshed = await refresh(signing, refreshToken)
        t.equal(refreshed.json().refreshToken, refreshToken, 'byte for byte')
        t.equal(answer(await whoami(signing, refreshed.json().accessToken)), '200')
        t.equal(
          answer(await whoami(plain, refreshed.json().accessToken)),
          '401 INVALID_TOKEN',
          'nor the other way round'
        )
        t.equal(answer(await whoami(plain, byHmac)), '200')
      }
    )
  })
}
