import t from 'tap'
import {
  InternalError,
  NotFound,
  RateLimited,
  ServiceUnavailable
} from '../../../../src/plugins/platform/errors/errors.ts'
import { problemHeaders, toCoded, toProblem } from '../../../../src/plugins/platform/errors/problem.ts'

/** One error as Ajv reports it. */
const fault = (keyword: string, instancePath: string, params = {}) =>
  Object.assign(new Error('x'), { validation: [{ keyword, instancePath, message: 'is bad', params, schemaPath: '' }] })

t.test("title is the status phrase, and detail is the error's message", async (t) => {
  const error = toCoded(new NotFound())
  const detail = 'There is nothing at this URL'
  t.same(toProblem(error, 'id'), { title: 'Not Found', status: 404, code: 'NOT_FOUND', detail, requestId: 'id' })
})

t.test('ASVS 16.5.1: every 5xx has the same detail, whatever the error says', async (t) => {
  const unavailable = toProblem(toCoded(new ServiceUnavailable({ cause: new Error('secret') })), 'id')
  const internal = toProblem(toCoded(new InternalError()), 'id')
  t.equal(unavailable.detail, internal.detail)
  t.notMatch(JSON.stringify(unavailable), 'secret')
})

t.test('a validation error names the member, even if it is missing or unknown', async (t) => {
  const rows: [ReturnType<typeof fault>, string, string][] = [
    [fault('type', '/note/title'), '/note/title', 'is bad'],
    [fault('required', '', { missingProperty: 'title' }), '/title', 'is bad'],
    [fault('additionalProperties', '/note', { additionalProperty: 'role' }), '/note/role', 'is bad'],
    [fault('pattern', '/name'), '/name', 'contains characters that are not allowed here']
  ]
  for (const [thrown, pointer, detail] of rows) {
    const error = toCoded(thrown)
    t.match(error, { statusCode: 400, code: 'VALIDATION_FAILED' })
    t.same(error.errors, [{ pointer, detail }])
  }
})

t.test('the name of an unknown member is repeated only if it is plain', async (t) => {
  for (const additionalProperty of ['<b>', 'a b', 'x'.repeat(65), 'a/b', '', 'päss']) {
    const error = toCoded(fault('additionalProperties', '/note', { additionalProperty }))
    t.same(error.errors, [{ pointer: '/note', detail: 'is bad' }], JSON.stringify(additionalProperty))
  }
})

t.test('caches never store a failure', async (t) => {
  for (const error of [new NotFound(), new RateLimited(), new InternalError()]) {
    t.match(problemHeaders(toCoded(error)), { 'cache-control': 'no-store' })
  }
})
