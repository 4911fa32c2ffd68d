import t from 'tap'
import {
  InternalError,
  NotFound,
  RateLimited,
  ServiceUnavailable
} from '../../../../src/plugins/platform/errors/errors.ts'
import { createMemberError } from '../../../../src/plugins/platform/errors/member-errors.ts'
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

t.test('a validation error names the member, even if it is missing or unknown, its code, and the limit', async (t) => {
  const rows: [ReturnType<typeof fault>, object][] = [
    [
      fault('type', '/note/title', { type: 'string' }),
      { pointer: '/note/title', code: 'TYPE', detail: 'This must be text', type: 'string' }
    ],
    [
      fault('required', '', { missingProperty: 'title' }),
      { pointer: '/title', code: 'REQUIRED', detail: 'This is required' }
    ],
    [
      fault('additionalProperties', '/note', { additionalProperty: 'role' }),
      { pointer: '/note/role', code: 'UNKNOWN_MEMBER', detail: 'There is no such member' }
    ],
    [
      fault('pattern', '/name', { pattern: '^x$' }),
      { pointer: '/name', code: 'FORMAT', detail: 'This contains characters that are not allowed here' }
    ],
    [
      fault('minLength', '/name', { limit: 3 }),
      { pointer: '/name', code: 'TOO_SHORT', detail: 'Use at least 3 characters', minLength: 3 }
    ],
    [fault('if', '/name'), { pointer: '/name', code: 'INVALID', detail: 'This is not valid' }]
  ]
  for (const [thrown, expected] of rows) {
    const error = toCoded(thrown)
    t.match(error, { statusCode: 400, code: 'VALIDATION_FAILED' })
    t.same(error.errors, [expected])
  }
})

const odd = ['<b>', 'a b', 'x'.repeat(65), 'a/b', 'a~b', '', 'päss']

t.test('the name of an unknown member is repeated only if it is plain', async (t) => {
  for (const additionalProperty of odd) {
    const error = toCoded(fault('additionalProperties', '/note', { additionalProperty }))
    t.match(error.errors, [{ pointer: '/note', code: 'UNKNOWN_MEMBER' }], JSON.stringify(additionalProperty))
  }
})

t.test('a pointer ends before the first name that is not plain', async (t) => {
  for (const name of odd.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'))) {
    t.match(toCoded(fault('type', `/tags/${name}/text`)).errors, [{ pointer: '/tags' }], name)
    t.match(toCoded(fault('required', `/tags/${name}`, { missingProperty: 'text' })).errors, [{ pointer: '/tags' }])
  }
  t.match(toCoded(fault('type', '/tags/0/text')).errors, [{ pointer: '/tags/0/text' }])
})

t.test('an error about a member names it, with its own code', async (t) => {
  const Taken = createMemberError('SLUG_TAKEN', 'This slug is taken', 409, '/slug')
  const { errors, ...problem } = toProblem(toCoded(new Taken()), 'id')
  t.match(problem, { status: 409, code: 'SLUG_TAKEN', detail: 'This slug is taken' })
  t.same(errors, [{ pointer: '/slug', code: 'SLUG_TAKEN', detail: 'This slug is taken' }])
  t.match(toCoded(new Taken('/newSlug')).errors, [{ pointer: '/newSlug' }])
})

t.test('caches never store a failure', async (t) => {
  for (const error of [new NotFound(), new RateLimited(), new InternalError()]) {
    t.match(problemHeaders(toCoded(error)), { 'cache-control': 'no-store' })
  }
})
