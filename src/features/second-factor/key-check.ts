import type { FastifyInstance } from 'fastify'
import { OperatorError } from '../../plugins/platform/config/operator-error.ts'
import { ServiceUnavailable } from '../../plugins/platform/errors/errors.ts'
import type { Encryption } from './encryption.ts'
import type { Factors } from './factors.ts'

const MISSING = 'ENCRYPTION_KEY is not set, but accounts have a second factor: set the key that was used before'
const WRONG = 'ENCRYPTION_KEY decrypts none of the newest authenticators: add the key that was used before'

/** Without the key, nobody with a second factor may log in by password alone. */
export function closeGate(app: Pick<FastifyInstance, 'addHook' | 'gates'>, factors: Factors) {
  app.addHook('onReady', async () => {
    // If the database does not answer yet, the gate still does not open.
    const found = await factors.newest().catch(() => [])
    if (found.length > 0) throw new OperatorError(MISSING)
  })
  app.gates.push(async ({ user }) => {
    if (await factors.isEnabled(user.id)) throw new ServiceUnavailable({ cause: new Error(MISSING) })
    return {}
  })
}

/** With a wrong key, the service starts all the same: if the right one is lost, users log in with recovery codes. */
export function reportWrongKey(
  app: Pick<FastifyInstance, 'addHook' | 'log'>,
  { factors, encryption }: { factors: Factors; encryption: Encryption }
) {
  app.addHook('onReady', async () => {
    const found = await factors.newest().catch(() => [])
    const isReadable = found.some(({ secret, userId }) => encryption.decrypt(secret, userId) !== null)
    if (found.length > 0 && !isReadable) app.log.error(WRONG)
  })
}
