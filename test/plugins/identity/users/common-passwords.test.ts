import t from 'tap'
import { isCommonPassword } from '../../../../src/plugins/identity/users/common-passwords.ts'
import { build, logIn, PASSWORD, transports } from '../../../build.ts'

t.test('ASVS 6.2.4: common passwords are recognized, ignoring case', async (t) => {
  for (const password of [
    'password',
    'PASSWORD',
    'PassWord',
    '12345678',
    'qwertyuiop',
    'baseball',
    'iloveyou1',
    '1q2w3e4r'
  ])
    t.equal(await isCommonPassword(password), true, password)
  for (const password of [PASSWORD, 'password ', ' password', 'pässword', 'correct horse', 'monkey'])
    t.equal(await isCommonPassword(password), false, password)
  for (const password of ['qwerty123456', '1qaz2wsx3edc', '123qweasdzxc', '1q2w3e4r5t6y'])
    t.equal(await isCommonPassword(password), true, password)
})

for (const transport of transports) {
  t.test(
    `ASVS 6.2.4: a common password is rejected at sign-up and password change, by ${transport.kind}`,
    async (t) => {
      const app = await build(t)
      const { headers } = await logIn(app, 'ada', transport)
      const names = { username: 'eve', email: 'eve@example.com', name: 'Eve' }
      const replies = [
        await app.inject({ method: 'POST', url: '/api/auth/signup', payload: { ...names, password: 'PassWord1' } }),
        await app.inject({
          method: 'PUT',
          url: '/api/users/me/password',
          headers,
          payload: { currentPassword: PASSWORD, newPassword: 'iloveyou1' }
        })
      ]
      for (const reply of replies) {
        t.equal(reply.statusCode, 422)
        t.match(reply.headers['content-type'], /^application\/problem\+json/)
        t.equal(reply.json().code, 'PASSWORD_TOO_COMMON')
        t.notMatch(reply.body, /password1|iloveyou1/i)
      }
      t.equal(await app.users.findByName('eve'), null)
      t.equal((await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode, 200)
      await t.resolves(transport.logIn(app, 'ada'))
    }
  )
}
