import type { FastifyInstance } from 'fastify'

/** Before Redis is trusted again, it gets every revocation that it may have missed, so that no loss of data revives a session. */
export function resyncOnRecovery({
  circuitBreaker,
  revocations
}: Pick<FastifyInstance, 'circuitBreaker' | 'revocations'>) {
  circuitBreaker?.onRecover(() => revocations.resyncAll(new Date()))
}
