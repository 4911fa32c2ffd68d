import type { FastifyInstance } from 'fastify'
import { ValidationFailed } from '../../plugins/platform/errors/errors.ts'

const MAX_LENGTH = 500

/** What a client may send to a room: `{ type: 'text', data: { text: 'Hello' } }`. */
function readText({ type, data }: { type: string; data?: unknown }) {
  const { text, ...others } = (data ?? {}) as { text?: unknown }
  const isValid = type === 'text' && typeof text === 'string' && Object.keys(others).length === 0
  if (!isValid || text.trim() === '' || text.length > MAX_LENGTH) throw new ValidationFailed()
  return text
}

/** Channels `room.<id>`, in which everybody who is signed in reads and writes: an example to copy or delete. */
export function defineRooms({ defineChannel, users }: Pick<FastifyInstance, 'defineChannel' | 'users'>) {
  defineChannel('room.:id', {
    durable: true,
    join: () => true,
    async publish(_room, { userId }, message) {
      const user = await users.find(userId)
      // Readers can trust the name, because it is not the client's.
      return user && { type: 'text', data: { text: readText(message), from: user.username } }
    }
  })
}
