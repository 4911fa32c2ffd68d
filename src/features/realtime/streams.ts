import type { ServerResponse } from 'node:http'
import type { Connections, Owner } from './connections.ts'
import type { FanOut } from './fan-out.ts'
import { inboxOf } from './messages.ts'
import { Stream } from './stream.ts'

export type Streams = ReturnType<typeof createStreams>

/** Opens streams of notifications. */
export function createStreams(connections: Pick<Connections, 'admit' | 'remove'>, fanOut: FanOut) {
  return {
    /**
     * Opens a stream that begins after a number, or now. `writeHead` is called once nothing can refuse it anymore. Throws
     * SERVICE_UNAVAILABLE and UNAUTHENTICATED.
     */
    async open(owner: Owner, after: number | null, response: ServerResponse, writeHead: () => void) {
      const stream = new Stream(owner, inboxOf(owner.userId))
      response.on('close', () => {
        connections.remove(stream)
        fanOut.remove(stream)
      })
      const { firstSeq, lastSeq, endsAt } = await connections.admit(stream)
      const isReset = after !== null && (after < firstSeq - 1 || after > lastSeq)
      const wake = () => fanOut.wake(stream.channel)
      writeHead()
      const cursor = isReset ? lastSeq : (after ?? lastSeq)
      stream.begin(response, { cursor, isReset, endsAt }, wake)
      fanOut.add(stream)
      wake()
    }
  }
}
