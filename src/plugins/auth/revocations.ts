import type { Login, RevokedReason } from '../db/types.ts'
import type { EventSource } from '../events/events.ts'
import { logEvent } from '../events/log.ts'
import type { Endings } from './endings.ts'
import type { Logins, RevokedLogin } from './logins.ts'
import type { RevocationListener } from './replay.ts'

export type Revocations = ReturnType<typeof createRevocations>

const toSids = (logins: Login[]) => logins.map(({ id }) => id)

/** Ends logins: in SQL, which is the record, and with everybody who has to know. `limit`: how many an account may have. */
export function createRevocations(logins: Logins & Endings, listeners: RevocationListener[], limit: number) {
  async function tell(found: RevokedLogin[]) {
    if (found.length === 0) return
    for (const listener of listeners) await listener.add(found)
  }

  /** Lets SQL be asked about these; gives what takes that back. Throws where a listener did not take it: nothing is left of it. */
  async function prepare(affected: RevokedLogin[]) {
    const cancels: (() => Promise<void>)[] = []
    const cancel = async () => void (await Promise.allSettled(cancels.map((each) => each())))
    try {
      for (const listener of listeners) cancels.push(await listener.prepare(affected))
      return cancel
    } catch (error) {
      await cancel()
      throw error
    }
  }

  /** Tells of logins that SQL has revoked, and then their revoking call is acknowledged. Throws where a listener did not take it. */
  async function acknowledge(revoked: Login[]) {
    await tell(revoked)
    // Failing this costs nothing: the call that is done could be repeated once more.
    const pending = revoked.filter(({ revocationPending }) => revocationPending)
    await logins.setPending(toSids(pending), false).catch(() => {})
  }

  /** Ends what an account has beyond the limit, from before there was one, so that what follows is of bounded size. */
  async function endSurplus(source: EventSource, userId: string, stays?: string) {
    for (;;) {
      const ended = await logins.markSurplus(userId, stays, limit, new Date())
      if (ended.length === 0) return
      logEvent(source, 'session_expired', { userId, reason: 'limit', count: ended.length })
      await tell(ended)
    }
  }

  return {
    onRevoked: (listener: RevocationListener) => void listeners.push(listener),
    tell,
    endSurplus,
    /**
     * Runs a change that ends some of these logins, wholly or not at all: it throws where a revocation cannot be stored
     * everywhere, and then nothing has changed. SQL is asked about these logins from before the change until all were told.
     */
    async endWholly<T extends { ended: Login[] }>(affected: RevokedLogin[], change: () => Promise<T | null>) {
      const cancel = await prepare(affected)
      const changed = await change().catch(async (error) => {
        await cancel()
        throw error
      })
      if (changed === null) {
        await cancel()
        return null
      }
      const prepared = new Set(affected.map(({ id }) => id))
      const others = changed.ended.filter(({ id }) => !prepared.has(id))
      await acknowledge(others)
      // Of those that cannot be told of now SQL is asked, until it is read again.
      await acknowledge(changed.ended.filter(({ id }) => prepared.has(id))).catch(() => {})
      return changed
    },
    /** Revokes a login; null where there is none. Throws where SQL or a listener did not take it: repeat it, then. */
    async revoke(source: EventSource, sid: string, reason: RevokedReason, now: Date) {
      const ended = await logins.markRevoked(source, sid, reason, now)
      const login = ended ?? (await logins.find(sid))
      if (login) await acknowledge([login])
      return login
    },
    /** Revokes the logins of a user but `except`. Throws as `revoke` does. */
    async revokeAll(source: EventSource, userId: string, reason: RevokedReason, now: Date, except?: string) {
      const pending = await logins.listPending(userId)
      await endSurplus(source, userId, except)
      await acknowledge(await logins.markAllRevoked(source, userId, reason, now, except))
      await tell(pending)
      await acknowledge(pending.filter(({ revokedReason }) => revokedReason === reason))
    },
    /** Deletes a user, ends their logins; does nothing where there is no such user. Throws as `revoke` does. */
    async deleteUser(source: EventSource, userId: string, now: Date) {
      await endSurplus(source, userId)
      const deleted = await logins.deleteUser(source, userId, now)
      if (deleted) await acknowledge(deleted.ended)
    },
    /** Sets a password without the old one and ends all logins, wholly or not at all; nothing where there is no such user. */
    async resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date) {
      await endSurplus(source, userId)
      const affected = await logins.listUnrevoked(userId)
      await this.endWholly(affected, () => logins.resetPassword(source, userId, passwordHash, now))
    },
    /** Acknowledges those revoking calls of a user that could not be, and that `isRepeated` picks. Throws where it still cannot. */
    async complete(userId: string, isRepeated: (pending: Login) => boolean) {
      await acknowledge((await logins.listPending(userId)).filter(isRepeated))
    }
  }
}
