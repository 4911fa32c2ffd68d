import type { EndCode } from './connections.ts'
import type { Message } from './messages.ts'

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
const encoded = new WeakMap<Message, Buffer>()

// Frames of server-sent events (HTML Living Standard, 9.2).

/** How long a client waits before it connects again, in ms. */
export const retryFrame = (ms: number) => `retry: ${ms}\n\n`
/** From which number on the stream has all messages. */
export const readyFrame = (seq: number) => event('ready', { seq })
/** The number that the client gave is too old, or was never given: it has to read the list again. */
export const resetFrame = (seq: number) => event('reset', { seq })
export const byeFrame = (code: EndCode) => event('bye', { code })
/** A comment, which clients ignore. */
export const HEARTBEAT = ':\n\n'

/** The frame of a message. All streams that get it share one. */
export function messageFrame(message: Message) {
  const known = encoded.get(message)
  if (known) return known
  const { seq, type, data, createdAt } = message
  // JSON has no raw line break, so `data` cannot begin another field.
  const json = `{"type":${JSON.stringify(type)},"data":${data},"createdAt":"${createdAt.toISOString()}"}`
  const frame = Buffer.from(`id: ${seq}\nevent: message\ndata: ${json}\n\n`)
  encoded.set(message, frame)
  return frame
}
