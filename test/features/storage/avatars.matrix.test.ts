import t from 'tap'
import { build, logIn, someBackends } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { create, outcome, upload } from './calls.ts'
import { images } from './images.ts'

for (const backend of someBackends) {
  t.test(
    `the picture of a user is for everybody who is logged in, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, { ...(await backend.environment()), STORAGE_URI: `file:${t.testdir()}` })
      const ada = await logIn(app, 'ada')
      const eve = await logIn(app, 'eve')
      const see = (session: Pick<typeof eve, 'headers'>, headers = {}) =>
        app.inject({
          method: 'GET',
          url: `/api/users/${ada.user.id}/avatar`,
          headers: { ...session.headers, ...headers }
        })
      const choose = (session: typeof eve, fileId: string) => call(app, session, 'PUT /api/users/me/avatar', { fileId })
      t.equal(outcome(await see(eve)), '404 FILE_NOT_FOUND')

      const { id } = await upload(app, ada, images['image/png'], 'me.png')
      t.equal(outcome(await choose(eve, id)), '404 FILE_NOT_FOUND', 'not the file of another user')
      t.equal((await choose(ada, id)).statusCode, 204)
      const picture = await see(eve)
      t.equal(picture.statusCode, 200)
      t.ok(picture.rawPayload.equals(images['image/png']))
      t.match(picture.headers, { 'content-type': 'image/png', 'content-security-policy': /sandbox/ })
      t.equal((await see(eve, { 'if-none-match': picture.headers.etag })).statusCode, 304)
      t.equal((await see({ headers: {} })).statusCode, 401)
      t.equal(outcome(await call(app, eve, `GET /api/files/${id}/content`)), '404 FILE_NOT_FOUND', 'only as a picture')

      const page = await upload(app, ada, Buffer.from('<svg onload=alert(1)>'), 'me.png')
      t.equal(outcome(await choose(ada, page.id)), '422 NOT_AN_IMAGE')
      t.equal(outcome(await choose(ada, (await create(app, ada)).id)), '404 FILE_NOT_FOUND', 'not before it is stored')
      const other = await upload(app, ada, images['image/gif'], 'me.gif')
      t.equal((await choose(ada, other.id)).statusCode, 204, 'another one')
      t.equal((await see(eve)).headers['content-type'], 'image/gif')
      await call(app, ada, `DELETE /api/files/${other.id}`)
      t.equal(outcome(await see(eve)), '404 FILE_NOT_FOUND', 'it goes with the file')
      t.equal((await choose(ada, id)).statusCode, 204)
      t.equal((await call(app, ada, 'DELETE /api/users/me/avatar')).statusCode, 204)
      t.equal(outcome(await see(eve)), '404 FILE_NOT_FOUND')
      t.equal((await choose(ada, id)).statusCode, 204)
      t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 204)
      t.equal(outcome(await see(eve)), '404 FILE_NOT_FOUND')
    }
  )
}
