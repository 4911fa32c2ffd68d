import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Transport } from '../../../build.ts'
import { type Ask, openContract, walkContracts } from './walk.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

/** A user that a contract may use up, even delete. */
export type Visitor = {
  app: FastifyInstance
  kind: Transport['kind']
  /** The body of a login. */
  credentials: { usernameOrEmail: string; password: string; authType: Transport['kind'] }
  /** Logs in; returns the headers of the new session. */
  logIn(password?: string): Promise<Record<string, string>>
}
/** Calls every operation of one concern, with success and with failure; `headers` are those of a session of the visitor. */
export type Contract = (ask: Ask, headers: Record<string, string>, visitor: Visitor) => Promise<void>

t.test('every operation answers as documented, in success and failure', async (t) => {
  const opened = await openContract(t)
  const { operations, answered } = opened
  await walkContracts(opened)

  const neverFails = ['GET /livez', 'GET /readyz', 'GET /api/auth', 'GET /api/auth/check-auth', 'GET /api/auth/oidc']
  for (const call of operations) {
    t.ok(answered.has(`${call} success`), `${call} succeeded`)
    if (!neverFails.includes(call)) t.ok(answered.has(`${call} failure`), `${call} failed`)
  }
})

t.test('every unsafe operation documents that it refuses cookies from another origin, and does', async (t) => {
  const { operations, ask } = await openContract(t)
  const headers = { cookie: 'theme=dark', origin: 'https://evil.test' }
  const unsafe = operations.filter((call) => !call.startsWith('GET '))
  t.ok(unsafe.includes('POST /api/auth/signup') && unsafe.length > 10)
  for (const call of unsafe) {
    const reply = await ask(call, 403, { headers }, NOBODY)
    t.equal(reply.json().code, 'CROSS_ORIGIN_REQUEST', call)
  }
})
