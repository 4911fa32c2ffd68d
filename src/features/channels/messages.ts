import type { FastifyInstance } from 'fastify'
import { and, eq, gt, isNull } from '../../plugins/platform/db/drizzle.ts'
import { isForeignKeyViolation } from '../../plugins/platform/db/errors.ts'
import type { Channel, Definitions } from './definitions.ts'
import { MEMBERS_CHANGED } from './subscription.ts'
import type { NewMessage, Owner } from './types.ts'

type Steps = ReturnType<FastifyInstance['notify']>
export type Messages = ReturnType<typeof createMessages>

/** Sends messages to channels. */
export function createMessages(
  { tables: { sessions }, transaction, realtime }: Pick<FastifyInstance, 'tables' | 'transaction' | 'realtime'>,
  definitions: Definitions
) {
  const { log, announce, sendLive } = realtime
  let count = 0

  function live(name: string, message: NewMessage): Steps {
    return {
      [`live${count++}`](tx) {
        tx.onCommit(() => sendLive(name, message))
        return null
      }
    }
  }

  return {
    /** The steps that send a message to a channel. Throws a RangeError if no such channels are defined. */
    publish(name: string, message: NewMessage, now: Date): Steps {
      const channel = definitions.find(name)
      if (channel === null) throw new RangeError(`No channels of this name are defined: ${name}`)
      return channel.durable ? log.append({ name }, message, now, announce) : live(name, message)
    },
    /** The steps that make every replica ask `join` again before it delivers what follows. */
    changeMembers: (name: string, now: Date): Steps => log.append({ name }, { type: MEMBERS_CHANGED }, now, announce),
    /** Sends the message of a client. Returns whether its session is still active. */
    async send({ name, durable }: Channel, { userId, sid }: Owner, message: NewMessage, now: Date) {
      if (!durable) {
        sendLive(name, message)
        return true
      }
      const isLive = and(eq(sessions.id, sid), isNull(sessions.revokedAt), gt(sessions.expiresAt, now))
      try {
        const sent = await transaction({
          preconditions: { session: (tx) => tx.select({ id: sessions.id }).from(sessions).where(isLive) },
          steps: log.append({ name, author: userId }, message, now, announce)
        })
        return sent !== null
      } catch (error) {
        // The user was deleted in between.
        if (isForeignKeyViolation(error)) return false
        throw error
      }
    }
  }
}
