import { randomUUIDv7 } from 'node:crypto'
import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { Event } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { and, eq, isNull, notExists, notInArray } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Step, Tables } from '../../platform/db/types.ts'
import type { ErrorType } from '../../platform/errors/schemas.ts'
import type { User } from '../users/tables.ts'
import type { RevokeRows } from './revoke-rows.ts'
import { createRevokedEvents } from './revoked-events.ts'
import { idleEnd } from './sessions.ts'
import type { Asked } from './strategy.ts'
import type { RevokedReason, Session } from './tables.ts'

/** A user who has authenticated: by which methods (names of RFC 8176, such as `pwd`), and when. */
export type Proof = { user: Pick<User, 'id' | 'credentialVersion'>; methods: string[]; authenticatedAt: Date }

export type NamedSteps = Record<string, Step<unknown>>
/**
 * Decides about every proof before a session exists. It throws to refuse, or to ask for more and resume what was `asked` for later.
 * It returns preconditions of the transaction that inserts the session, so that what it forbids also wins if it is committed in
 * between; then it is asked again.
 */
export type Gate = {
  (proof: Proof, asked: Asked, source: EventSource): Promise<NamedSteps>
  /** The errors that it throws, for the API reference. */
  refusals?: ErrorType[]
}

/** The columns that the caller decides on. */
type Given = 'kind' | 'remember' | 'createdAt' | 'absoluteExpiresAt' | 'secretHash' | 'accessTtl' | 'ip' | 'userAgent'
export type NewSession = Pick<Session, Given> & Partial<Pick<Session, 'refreshInCookie'>>

/** Why the session is inserted, and what else the transaction does. Rows of `renewed` and of all `ends` are sessions that it revokes. */
export type Change = {
  asked: Asked
  preconditions?: NamedSteps
  steps?: NamedSteps
  ends?: Record<string, Step<Session>>
  /** Stored with the session; `sid` of the new one unless they say otherwise. */
  events: readonly Event[]
}
export type InsertSession = ReturnType<typeof createInsertSession>

/** The methods of a session; sessions from before the column existed began with a password. */
export const methodsOf = ({ methods }: Pick<Session, 'methods'>) => methods?.split(' ') ?? ['pwd']

/** The only way to a row in `sessions`. */
export function createInsertSession(
  transaction: RunTransaction,
  tables: Tables,
  audit: Audit,
  gates: Gate[],
  { end }: Pick<RevokeRows, 'end'>
) {
  const { sessions, users } = tables
  const revokedEvents = createRevokedEvents(audit)
  const unrevokedOf = (userId: string) => and(eq(sessions.userId, userId), isNull(sessions.revokedAt))

  return {
    /**
     * Inserts a session once every gate has let the proof pass. Returns null if a precondition failed: the user is gone, has other
     * credentials than those that were verified, or what a gate or the caller requires is no longer so. `idleTtl` is in seconds.
     */
    async insert(source: EventSource, proof: Proof, given: NewSession, idleTtl: number, now: Date, change: Change) {
      const { user, methods, authenticatedAt } = proof
      const passed: NamedSteps = {}
      for (const gate of gates) Object.assign(passed, await gate(proof, change.asked, source))

      const row = {
        ...given,
        ...{ id: randomUUIDv7(), userId: user.id, methods: methods.join(' '), authenticatedAt, generation: 0 },
        ...{ lastSeenAt: now, rotatedAt: now, expiresAt: idleEnd(given, idleTtl, now) }
      }
      const { preconditions, steps, ends = {} } = change
      const events = change.events.map(([name, details]) => [name, { sid: row.id, ...details }] as const)
      const isUnchanged = and(eq(users.id, user.id), eq(users.credentialVersion, user.credentialVersion))
      const rows = await transaction({
        preconditions: {
          // A sign-up brings a `user` of its own: it creates the account.
          user: (tx) => tx.lock(tx.select({ id: users.id }).from(users).where(isUnchanged)),
          ...passed,
          ...preconditions
        },
        steps: {
          ...(ends as NamedSteps),
          ...steps,
          session: (tx) => tx.insert(sessions).values(row).returning(),
          events: revokedEvents.store(source, Object.keys(ends), events)
        }
      })
      const done = rows as Record<string, Session[]> | null
      const [session] = done?.['session'] ?? []
      if (!done || !session) return null
      revokedEvents.log(
        source,
        Object.keys(ends).flatMap((name) => done[name] ?? [])
      )
      for (const [name, details] of events) logEvent(source, name, details)
      return { session, rows: done }
    },
    /** The step that revokes one session; no row if it was revoked before. */
    endOne: (sid: string, reason: 'replaced' | 'renewed', now: Date) =>
      end(and(eq(sessions.id, sid), isNull(sessions.revokedAt)), reason, now),
    /** What a change needs that revokes every session of a user; it fails if there are others than the `known` ones. */
    endAll(userId: string, known: string[], reason: RevokedReason, now: Date) {
      const isUnknown = and(unrevokedOf(userId), notInArray(sessions.id, known))
      const onlyKnown = (tx: Database) => {
        const unknown = tx.select().from(sessions).where(isUnknown)
        const all = tx.select({ id: users.id }).from(users)
        return all.where(and(eq(users.id, userId), notExists(unknown)))
      }
      return { preconditions: { onlyKnown }, ends: { others: end(unrevokedOf(userId), reason, now) } }
    }
  }
}
