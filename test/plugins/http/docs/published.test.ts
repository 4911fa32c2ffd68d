import t from 'tap'
import Type from 'typebox'
import { toPublished } from '../../../../src/plugins/http/docs/published.ts'

const schema = {
  summary: 'Anything',
  body: Type.Object({
    kind: Type.String({ default: 'a' }),
    names: Type.Array(
      Type.Object({ first: Type.String({ pattern: '^\\p{L}+$' }), last: Type.String({ default: '' }) })
    ),
    code: Type.String({ pattern: '^\\d+$' })
  }),
  response: { 200: Type.Object({ kind: Type.String({ default: 'a', pattern: '\\P{Cc}' }) }) }
}

t.test('members with a default are optional in requests, at any depth, and required in replies', async (t) => {
  const { body, response, summary } = toPublished(schema) as typeof schema
  t.same(body.required, ['names', 'code'])
  t.same(body.properties.names.items.required, ['first'])
  t.same(response[200].required, ['kind'])
  t.equal(summary, 'Anything')
})

t.test('patterns that need the u flag are left out, and others stay', async (t) => {
  const { body, response } = toPublished(schema) as typeof schema
  t.notOk('pattern' in body.properties.names.items.properties.first)
  t.match(body.properties.code, { pattern: '^\\d+$' })
  t.notOk('pattern' in response[200].properties.kind)
})

t.test('the schema of the route itself does not change', async (t) => {
  const before = JSON.stringify(schema)
  toPublished(schema)
  t.equal(JSON.stringify(schema), before)
})
