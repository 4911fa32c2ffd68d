import type { Readable } from 'node:stream'
import { MalformedRequest, RequestTimeout } from '../../plugins/platform/errors/errors.ts'
import { DeadlineExceeded, withTimeout } from '../../plugins/platform/time-budget/time-budget.ts'
import type { Body } from './store.ts'

/** An upload that brings nothing for this long has ended. */
const STALL_MS = 15_000

/** The next chunk of an upload; undefined at its end. Throws why the client is at fault. */
async function read(chunks: AsyncIterator<Buffer, undefined>, stallMs: number) {
  try {
    return (await withTimeout(stallMs, () => chunks.next())).value
  } catch (error) {
    // A reply to a client that is still sending only arrives if the connection closes after it.
    if (error instanceof DeadlineExceeded)
      throw Object.assign(new RequestTimeout(), { headers: { connection: 'close' } })
    throw new MalformedRequest({ cause: error })
  }
}

/** The bytes that a client sends. */
export async function* fromClient(source: Readable, stallMs = STALL_MS): Body {
  // Destroying a request would close its connection before the reply.
  const chunks = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>
  for (let chunk = await read(chunks, stallMs); chunk; chunk = await read(chunks, stallMs)) yield chunk
}
