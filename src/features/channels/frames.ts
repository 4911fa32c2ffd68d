import type { Incoming } from './incoming.ts'
import type { Message } from './types.ts'

// What the service sends: JSON, one object a message.

type Id = Incoming['id']
const encoded = new WeakMap<object, Buffer>()

export const okFrame = (id: Id) => JSON.stringify({ op: 'ok', id })
export const errorFrame = (id: Id, code: string) => JSON.stringify({ op: 'error', id, code })
/** Messages after the number that the client gave are gone, or it is of another log. Those after `seq` follow. */
export const resetFrame = (channel: string, seq: number) => JSON.stringify({ op: 'reset', channel, seq })

/** A text message as one unmasked frame, as servers send it (RFC 6455, 5.2). It has at most 8 kB of data, so 16 bits hold its length. */
function textFrame(text: string) {
  const payload = Buffer.from(text)
  const { length } = payload
  const header = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(header), payload])
}

/** The WebSocket frame of a message, whose `data` is JSON. All sockets that get it share one. */
export function messageFrame(message: Pick<Message, 'channel' | 'type' | 'data'> & { seq?: number }) {
  const known = encoded.get(message)
  if (known) return known
  const { channel, seq = 0, type, data } = message
  const frame = textFrame(
    `{"op":"msg","channel":"${channel}","seq":${seq},"type":${JSON.stringify(type)},"data":${data}}`
  )
  encoded.set(message, frame)
  return frame
}
