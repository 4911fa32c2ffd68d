import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { MalformedRequest, RequestTimeout } from '../../plugins/platform/errors/errors.ts'
import { DeadlineExceeded, withTimeout } from '../../plugins/platform/time-budget/time-budget.ts'
import type { Content } from './claims.ts'
import { ChecksumMismatch, SizeMismatch } from './errors.ts'
import { HEAD_BYTES, imageType } from './image-type.ts'

/** An upload that brings nothing for this long has ended. */
export const STALL_MS = 15_000

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

/**
 * Passes on the bytes of an upload and learns their hash and type. At the end it throws SIZE_MISMATCH or CHECKSUM_MISMATCH if they
 * are not what the client declared, so that what is stored is what was meant. Throws the reason of the signal once it is aborted.
 */
export function createMeter(
  source: Readable,
  declared: { size: number; sha256: string | null },
  signal: AbortSignal,
  stallMs = STALL_MS
) {
  const hash = createHash('sha256')
  let head: Buffer = Buffer.alloc(0)
  let size = 0
  let content: Content | null = null

  async function* body() {
    // Destroying a request would close its connection before the reply.
    const chunks = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>
    // The last chunk waits for the checks: a bucket stores a body as soon as it has all of it.
    let last: Buffer | undefined
    for (let chunk = await read(chunks, stallMs); chunk; chunk = await read(chunks, stallMs)) {
      signal.throwIfAborted()
      size += chunk.length
      if (size > declared.size) throw new SizeMismatch()
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES)])
      hash.update(chunk)
      if (last) yield last
      last = chunk
    }
    if (size !== declared.size) throw new SizeMismatch()
    const sha256 = hash.digest('hex')
    if (declared.sha256 !== null && declared.sha256 !== sha256) throw new ChecksumMismatch()
    content = { sha256, type: imageType(head) }
    if (last) yield last
  }

  return {
    body,
    /** What was learned; to be asked after the body has ended. */
    content(): Content {
      if (content === null) throw new Error('the store did not read the whole body')
      return content
    }
  }
}
