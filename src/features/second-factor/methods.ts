import type { FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import type { EventName } from '../../plugins/platform/audit/event-types.ts'

/** What a right second factor gives: its names in RFC 8176, the steps that use it up, and an event that tells of it. */
export type Verified = { methods: string[]; steps: NamedSteps; event?: EventName }
/** A kind of second factor. Features add theirs to `app.secondFactor.methods`. */
export type Method = {
  /** The member of the request body that carries it. */
  member: string
  schema: TSchema
  isAvailable(userId: string): Promise<boolean>
  /** Throws INVALID_CODE, or what else is wrong with it. */
  verify(request: FastifyRequest, userId: string, given: unknown, now: Date): Promise<Verified>
}
export type Methods = ReturnType<typeof createMethods>

/** The kinds of second factors, by the name that clients get. */
export function createMethods() {
  const all = new Map<string, Method>()
  return {
    add: (name: string, method: Method) => void all.set(name, method),
    /** The members of a body that has one of them. */
    schemas: () => Object.fromEntries([...all.values()].map(({ member, schema }) => [member, schema])),
    /** The one that a body has. */
    pick: (body: object) => [...all.values()].find(({ member }) => member in body),
    /** The names of those that a user can use now. */
    async available(userId: string) {
      const usable = await Promise.all([...all.values()].map((method) => method.isAvailable(userId)))
      return [...all.keys()].filter((_, i) => usable[i])
    }
  }
}
