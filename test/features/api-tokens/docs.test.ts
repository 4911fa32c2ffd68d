import t from 'tap'
import Type from 'typebox'
import { buildApp } from '../../../src/app.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { problems } from '../../../src/plugins/platform/errors/schemas.ts'
import { testEnvironment } from '../../build.ts'

t.test('the API reference shows which calls an API token opens', async (t) => {
  const app = await buildApp(readSettings({ ...testEnvironment, API_DOCS: 'true' }), { write() {} })
  t.teardown(() => app.close())
  app.get('/backups', {
    config: { ability: 'backups:read' },
    schema: { summary: 'List', tags: ['backups'], response: { 200: Type.Null(), ...problems(401) } },
    onRequest: app.authenticate,
    handler: async () => null
  })
  const { paths, components } = (await app.inject({ method: 'GET', url: '/docs/json' })).json()
  t.match(components.securitySchemes.apiToken, { type: 'http', scheme: 'bearer', bearerFormat: 'pat_…' })
  const sessions = [...app.strategies.keys()].map((kind) => ({ [kind]: [] }))
  t.strictSame(paths['/backups'].get.security, [...sessions, { apiToken: ['backups:read'] }])
  t.strictSame(paths['/api/auth/whoami'].get.security, sessions)
  const { $ref } = paths['/api/auth/whoami'].get.responses[403]
  t.match(components.responses[$ref.split('/').at(-1)].description, 'ABILITY_REQUIRED')
  const body = paths['/api/users/me/tokens'].post.requestBody.content['application/json'].schema
  t.ok(body.properties.abilities.items.enum.includes('backups:read'))
})
