import t from 'tap'
import Type from 'typebox'
import { Nullable, Time } from '../../../../src/plugins/http/schemas.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'

const Reminder = Type.Object({ at: Time, until: Type.Optional(Nullable(Time)), more: Type.Optional(Type.Array(Time)) })

t.test('a time in a request is a Date in the handler and ISO 8601 in UTC in the reply', async (t) => {
  const seen: unknown[] = []
  const { app } = await buildWithRoutes(t, (app) => {
    app.post('/reminders', { schema: { body: Reminder, response: { 200: Reminder } } }, async ({ body }) => {
      seen.push(body)
      return body as { at: Date }
    })
    app.get('/reminders', { schema: { querystring: Reminder } }, async ({ query }) => {
      seen.push(query)
      return {}
    })
  })
  const at = new Date('2026-03-01T10:00:00.500Z')
  const post = async (payload: object) => (await app.inject({ method: 'POST', url: '/reminders', payload })).json()
  t.same(await post({ at: '2026-03-01T12:00:00.5+02:00' }), { at: at.toISOString() })
  t.same(seen.pop(), { at })
  t.same(await post({ at: '2026-03-01t10:00:00.5z', until: null }), { at: at.toISOString(), until: null })
  t.same(seen.pop(), { at, until: null })
  const many = { at: at.toISOString(), until: at.toISOString(), more: [at.toISOString()] }
  t.same(await post(many), many)
  t.same(seen.pop(), { at, until: at, more: [at] })
  await app.inject({ method: 'GET', url: '/reminders', query: { at: at.toISOString() } })
  t.same(seen.pop(), { at })
})

t.test('a time that does not exist, or that a database could not hold, is a 400 with its pointer', async (t) => {
  const { app } = await buildWithRoutes(t, (app) => {
    app.post('/reminders', { schema: { body: Reminder } }, async () => t.fail('the handler runs'))
  })
  const refused = [
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+01',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00Z',
    '2026-01-01',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '+010000-01-01T00:00:00Z',
    '',
    'tomorrow',
    1767225600000,
    null
  ]
  const valid = '2026-01-01T00:00:00Z'
  for (const text of refused) {
    const rows: [payload: object, pointer: string][] = [
      [{ at: text }, '/at'],
      [{ at: valid, until: text }, '/until'],
      [{ at: valid, more: [valid, text] }, '/more/1']
    ]
    for (const [payload, pointer] of rows.filter(([, place]) => text !== null || place !== '/until')) {
      const reply = await app.inject({ method: 'POST', url: '/reminders', payload })
      t.equal(reply.statusCode, 400, `${text}`)
      t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ pointer }] })
    }
  }
})
