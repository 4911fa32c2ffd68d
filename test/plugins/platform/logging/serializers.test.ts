import t from 'tap'
import { serializeError } from '../../../../src/plugins/platform/logging/serializers.ts'

class PostgresError extends Error {
  readonly code = '23505'
  readonly detail = 'Key (email)=(hunter2) already exists.'
  readonly parameters = ['hunter2']
}
class ReplyError extends Error {
  readonly command = { name: 'set', args: ['hunter2'] }
}

t.test('the log shows the type, code, message, and stack of an error', async (t) => {
  const error = serializeError(Object.assign(new TypeError('what happened'), { code: 'E_WHAT', body: 'hunter2' }))
  t.match(error, { type: 'TypeError', code: 'E_WHAT', message: 'what happened', stack: /^\s+at .*serializers\.test/ })
  t.notMatch(JSON.stringify(error), /hunter2/)
})

t.test(
  'ASVS 16.2.5: the log leaves out the message, parameters, and rows of a query error, even as a cause',
  async (t) => {
    for (const cause of [
      new PostgresError('hunter2'),
      new ReplyError('WRONGTYPE hunter2'),
      new PostgresError('x\n    at hunter2')
    ]) {
      for (const error of [cause, new Error('above', { cause })]) {
        const line = JSON.stringify(serializeError(error))
        t.match(line, cause.constructor.name)
        t.notMatch(line, /hunter2/)
      }
    }
  }
)

t.test('a chain of causes is cut off, and of a thrown non-error only the type is logged', async (t) => {
  const endless = new Error('round')
  endless.cause = endless
  t.ok(JSON.stringify(serializeError(endless)).length < 20_000)
  t.same(serializeError('hunter2'), { type: 'string', message: '', stack: '' })
  t.same(serializeError(null), { type: 'object', message: '', stack: '' })
})
