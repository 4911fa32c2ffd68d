import { setTimeout as sleep } from 'node:timers/promises'
import type { Ask, Told } from './doctor-live.ts'
import type { Finding } from './doctor-rules.ts'

/** A stream writes immediately, and when it was silent for STREAM_HEARTBEAT, which is at most 25 s. */
const FIRST_MS = 8000
const SILENT_MS = 30_000

const HELD_BACK: Finding = {
  setting: 'the proxy',
  text: 'What the service writes to a stream does not arrive, so a proxy holds it back. Turn off buffering and compression for /api/realtime/stream, as in deploy/nginx.conf'
}
const CUT: Finding = {
  setting: 'the proxy',
  text: 'A stream was cut while it was silent. Let the proxy wait longer than STREAM_HEARTBEAT for /api/realtime/stream, or lower this setting'
}

/** What work returns. Null: it takes longer than this. */
const within = <Result>(ms: number, work: Promise<Result>) =>
  Promise.race([work, sleep(ms, null, { ref: false })]) as Promise<Result | null>

/** Opens a stream of notifications, and checks that a proxy neither holds it back nor cuts it. */
export async function* examineStream(ask: Ask, headers: Record<string, string>): AsyncGenerator<Told> {
  const ending = new AbortController()
  const init = { headers: { ...headers, accept: 'text/event-stream' }, signal: ending.signal }
  try {
    const reply = await within(FIRST_MS, ask('/api/realtime/stream', init))
    const title = 'Notifications arrive immediately'
    if (reply && !reply.ok) {
      const text = `The stream of notifications was refused with ${reply.status}`
      return yield { title, finding: { setting: 'the proxy', text } }
    }
    const reader = reply?.body?.getReader()
    const first = reader ? await within(FIRST_MS, reader.read()) : null
    yield { title, finding: first ? null : HELD_BACK }
    if (!reader || !first) return
    // A proxy may end the stream, or break the connection.
    const next = await within(SILENT_MS, reader.read()).catch(() => ({ done: true }))
    yield { title: 'A silent stream stays open', finding: next === null ? HELD_BACK : next.done ? CUT : null }
  } finally {
    ending.abort()
  }
}
