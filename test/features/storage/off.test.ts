import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { create, outcome, upload } from './calls.ts'

t.test('without STORAGE_URI there are no files', async (t) => {
  const app = await build(t, { STORAGE_URI: '', API_DOCS: 'true' })
  const { headers, user } = await logIn(app, 'ada')
  for (const [method, url] of [
    ['POST', '/api/files'],
    ['GET', '/api/files'],
    ['GET', '/api/files/x'],
    ['DELETE', '/api/files/x'],
    ['PUT', '/api/files/x/content'],
    ['GET', '/api/files/x/content'],
    ['PUT', '/api/users/me/avatar'],
    ['GET', `/api/users/${user.id}/avatar`]
  ] as const)
    t.equal(outcome(await app.inject({ method, url, headers })), '404 NOT_FOUND', `${method} ${url}`)
  t.notOk(/\/api\/files|avatar/.test((await app.inject({ method: 'GET', url: '/docs/json' })).body))
  t.equal(app.files, null)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal(app.server.requestTimeout, 30_000)
})

t.test('the service does not start without STORAGE_URI while users have files', async (t) => {
  const DB_URI = join(t.testdir(), 'app.db')
  const STORAGE_URI = `file:${t.testdir()}`
  const app = await build(t, { DB_URI, STORAGE_URI })
  const ada = await logIn(app, 'ada')
  await create(app, ada)
  await build(t, { DB_URI, STORAGE_URI: '' })
  const { id } = await upload(app, ada)
  await t.rejects(build(t, { DB_URI, STORAGE_URI: '' }), /STORAGE_URI is not set, but users have files/)
  await call(app, ada, `DELETE /api/files/${id}`)
  await build(t, { DB_URI, STORAGE_URI: '' })
})

t.test('STORAGE_URI is a folder that can be written', async (t) => {
  for (const STORAGE_URI of ['storage', 'http://bucket', 'file:'])
    await t.rejects(build(t, { STORAGE_URI }), /STORAGE_URI must be a folder/, STORAGE_URI)
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  await t.rejects(build(t, { STORAGE_URI: `file:${file}` }), /STORAGE_URI names a folder that cannot be written/)
})
