import type { Login, RevokedReason } from '../db/types.ts'
import type { EventSource, Events } from '../events/events.ts'
import type { Logins } from './logins.ts'
import { type RevocationListener, replaySince } from './replay.ts'
import type { Transactions } from './transactions.ts'

export type Revocations = ReturnType<typeof createRevocations>

/** The reasons that the event has beside those of time; what was replaced or renewed lives on in another login. */
const EVENT_REASONS: Partial<Record<RevokedReason, string>> = { all: 'revoked', replaced: 'revoked' }

/** Ends logins: SQL first, which is the record, then everybody who has to know. */
export function createRevocations(logins: Logins & Transactions, events: Events) {
  const listeners: RevocationListener[] = []
  let toldUntil: Date | null = null

  async function tell(found: Login[]) {
    for (const listener of listeners) await listener.add(found)
  }

  /** Tells the listeners of revoked logins. Throws where one did not take it, and remembers that it has to be repeated. */
  async function tellOnce(revoked: Login[]) {
    try {
      await tell(revoked)
    } catch (error) {
      await logins.setPending(toSids(revoked), true)
      throw error
    }
    const repeated = revoked.filter(({ revocationPending }) => revocationPending)
    await logins.setPending(toSids(repeated), false)
  }

  async function record(source: EventSource, { revokedReason, userId, id, kind }: Login) {
    if (revokedReason === null || revokedReason === 'renewed') return
    const reason = EVENT_REASONS[revokedReason] ?? revokedReason
    const names = ['session_expired' as const, ...(kind === 'token' ? ['authn_token_revoked' as const] : [])]
    await events.record(source, names, { userId, sid: id, kind, reason })
  }

  return {
    onRevoked: (listener: RevocationListener) => void listeners.push(listener),
    /** Rejects where a revocation could not be stored everywhere just now: before what must be done wholly or not at all. */
    async check() {
      for (const listener of listeners) await listener.check()
    },
    /** Tells everybody of logins that SQL has just revoked. Throws where a listener did not take it: repeat `complete`, then. */
    async announce(source: EventSource, ended: Login[]) {
      try {
        await tellOnce(ended)
      } finally {
        for (const login of ended) await record(source, login)
      }
    },
    /** Revokes a login; null where there is none. Throws where SQL or a listener did not take it: repeat it, then. */
    async revoke(source: EventSource, sid: string, reason: RevokedReason, now: Date) {
      const ended = await logins.markRevoked(sid, reason, now)
      if (ended) await this.announce(source, [ended])
      if (ended) return ended
      const login = await logins.find(sid)
      if (login) await tellOnce([login])
      return login
    },
    /** Revokes the logins of a user but `except`, and tells of those too of which somebody was still to be told. */
    async revokeAll(source: EventSource, userId: string, reason: RevokedReason, now: Date, except?: string) {
      const pending = await logins.listPending(userId)
      await this.announce(source, await logins.markAllRevoked(userId, reason, now, except))
      await tellOnce(pending)
    },
    /** Deletes a user, ends their logins; does nothing where there is no such user. Throws as `revokeAll` does. */
    async deleteUser(source: EventSource, userId: string, now: Date) {
      const deleted = await logins.deleteUser(userId, now)
      if (deleted === null) return
      await events.record(source, 'user_deleted', { userId })
      await this.announce(source, deleted.ended)
    },
    /** Sets a password without the old one and ends all logins; does nothing where there is no such user. */
    async resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date) {
      const reset = await logins.resetPassword(userId, passwordHash, now)
      if (reset === null) return
      await events.record(source, 'authn_password_change', { userId, reason: 'reset' })
      await this.announce(source, reset.ended)
    },
    /** Tells everybody of the revoked logins of a user that they could not be told of. Throws where they still cannot. */
    async complete(userId: string) {
      await tellOnce(await logins.listPending(userId))
    },
    /** Tells the listeners all that they could have missed: at start, and when a store that was lost is back. */
    async replayAll(now: Date) {
      const window = Math.max(0, ...listeners.map((listener) => listener.windowMs))
      await replaySince(logins, new Date(now.getTime() - window), tell)
      for (const listener of listeners) await listener.complete()
      toldUntil = now
    },
    /** Tells the listeners what other processes revoked since the last time; everything, if there was none. */
    async replayRecent(now: Date) {
      if (toldUntil === null) return this.replayAll(now)
      await replaySince(logins, toldUntil, tell)
      toldUntil = now
    },
    /** For how long after its revocation the row of a login must stay, in ms: somebody may still have to be told. */
    windowMs: () => Math.max(0, ...listeners.map((listener) => listener.windowMs)),
    /** How many revocations the listeners remember, those that can say. */
    async size() {
      const sizes = await Promise.all(listeners.map((listener) => listener.size?.() ?? 0))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
  }
}

const toSids = (logins: Login[]) => logins.map(({ id }) => id)
