import { createHash } from 'node:crypto'
import type { Content } from './claims.ts'
import { ChecksumMismatch, SizeMismatch } from './errors.ts'
import { HEAD_BYTES, imageType } from './image-type.ts'
import type { Body } from './store.ts'

/**
 * Passes on the bytes of an upload and learns their hash and type. At the end it throws SIZE_MISMATCH or CHECKSUM_MISMATCH if they
 * are not what the client declared, so that what is stored is what was meant. Throws the reason of the signal once it is aborted.
 */
export function createMeter(source: Body, declared: { size: number; sha256: string | null }, signal: AbortSignal) {
  const hash = createHash('sha256')
  let head: Buffer = Buffer.alloc(0)
  let size = 0
  let content: Content | null = null

  async function* body(): Body {
    // The last chunk waits for the checks: a bucket stores a body as soon as it has all of it.
    let last: Buffer | undefined
    for await (const chunk of source) {
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
