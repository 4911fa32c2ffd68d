import { delays } from './delays.ts'
import { toApiError } from './errors.ts'

/** The fields of a server-sent event (HTML Living Standard, 9.2). A comment has none of them. */
export type StreamEvent = { event?: string; data?: string; id?: string; retry?: string }

function parse(block: string): StreamEvent {
  const fields: Record<string, string> = {}
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    fields[name] = name === 'data' && name in fields ? `${fields[name]}\n${value}` : value
  }
  return fields
}

/**
 * The events of a stream as they arrive. `EventSource` cannot send a token, and does not tell why it was refused. Throws ApiError
 * for an error reply, and gives up a connection that is silent for too long: the service sends a comment now and then.
 */
export async function* readEvents(
  open: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal
): AsyncGenerator<StreamEvent> {
  const ending = new AbortController()
  const end = () => ending.abort()
  let timer: ReturnType<typeof setTimeout> | undefined
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(end, delays.silenceMs)
  }
  signal.addEventListener('abort', end)
  heard()
  try {
    const reply = await open(ending.signal)
    if (!reply.ok || !reply.body) throw await toApiError(reply)
    const reader = reply.body.getReader()
    // Node may forget the signal of a request that was copied.
    ending.signal.addEventListener('abort', () => void reader.cancel().catch(() => {}))
    const decoder = new TextDecoder()
    let text = ''
    for (let part = await reader.read(); !part.done && !signal.aborted; part = await reader.read()) {
      heard()
      const blocks = (text + decoder.decode(part.value, { stream: true })).split(/\r?\n\r?\n/)
      text = blocks.pop() ?? ''
      for (const block of blocks) yield parse(block)
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    end()
  }
}
