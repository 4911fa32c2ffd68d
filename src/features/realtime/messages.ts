/** What the service sends: a name that clients know, and anything that JSON can hold. */
export type NewMessage = { type: string; data?: unknown }
/** A message of a channel. `data` is JSON. */
export type Message = { channel: string; seq: number; type: string; data: string; createdAt: Date }
/** A message that is not stored. `data` is JSON. */
export type LiveMessage = Pick<Message, 'channel' | 'type' | 'data'>

/** The most that `data` may have as JSON, in bytes. */
const MAX_BYTES = 8192
const MAX_TYPE_LENGTH = 64
/** PostgreSQL's largest integer. */
export const MAX_SEQ = 2_147_483_647

/** The channel of a user's notifications. */
export const inboxOf = (userId: string) => `user:${userId}`

/** The data as it is stored. Throws a RangeError, which is a mistake of the caller. */
export function toText({ type, data = null }: NewMessage) {
  const text = JSON.stringify(data)
  if (type === '' || type.length > MAX_TYPE_LENGTH)
    throw new RangeError(`The type of a message has 1 to ${MAX_TYPE_LENGTH} characters`)
  if (Buffer.byteLength(text) > MAX_BYTES) throw new RangeError(`The data of a message has at most ${MAX_BYTES} bytes`)
  return text
}
