import type { ErrorType } from '../../platform/errors/schemas.ts'
import type { NamedSteps } from './insert-session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Take a user's factors away, apart from the password: for an operator, and for a reset that cannot trust them. */
    factorRemovals: Removal[]
    /** Take away what identifies a user without a session, such as API tokens: for a password reset, and for a ban. */
    accessRemovals: Removal[]
    /** Each is asked before a user is deleted. */
    deletionChecks: DeletionCheck[]
  }
}

/** The steps that take something of a user away. Features add theirs. */
export type Removal = (userId: string) => NamedSteps

/** The steps of all removals. */
export const removeAll = (removals: Removal[], userId: string): NamedSteps =>
  Object.assign({}, ...removals.map((remove) => remove(userId)))

/**
 * Decides whether a user may be deleted. It throws to refuse, and returns preconditions of the transaction that deletes, so that what
 * it requires still holds then. For a user who is gone, it returns none.
 */
export type DeletionCheck = {
  (userId: string): Promise<NamedSteps>
  /** The errors that it throws, for the API reference. */
  refusals?: ErrorType[]
}
