import createError from '@fastify/error'
import t from 'tap'
import { tryEveryWayIn } from '../plugins/http/docs/ways-in.ts'

const Refused = createError('TEST_REFUSED', 'The gate of this test refuses', 403)

t.test(
  'ASVS 6.3.4: no operation gives a session past a gate that refuses, and it still works once the gate opens',
  async (t) => {
    const ways = await tryEveryWayIn(t, {
      async close() {
        throw new Refused()
      }
    })
    for (const { call, outcome } of ways) t.equal(outcome, '403 TEST_REFUSED', call)
    const calls = ways.map(({ call }) => call)
    for (const call of ['POST /api/auth/login', 'POST /api/auth/reauthenticate', 'PUT /api/users/me/password'])
      t.ok(calls.includes(call), call)
  }
)
