import type { Readable } from 'node:stream'
import { CLAIM_MS, type Claims } from './claims.ts'
import { FileNotFound, StorageUnavailable } from './errors.ts'
import { fromClient } from './from-client.ts'
import { createMeter } from './meter.ts'
import { type Body, keyOf, type Store } from './store.ts'
import type { StoredFile } from './tables.ts'

export type Uploads = ReturnType<typeof createUploads>

/** Receives files: each is whole, or not there. `check` passes a body on, and throws at its end to refuse it. */
export function createUploads(claims: Claims, store: Store, check: (body: Body) => Body = (body) => body) {
  const running = new Set<Promise<unknown>>()

  /** Keeps a claim while its upload runs. Aborts the upload once it no longer counts. */
  function keepAlive(file: StoredFile, upload: AbortController) {
    async function renew() {
      // While the database is down, an upload goes on: it may be back before the end.
      const isCurrent = await claims.renew(file, new Date()).catch(() => true)
      if (!isCurrent) upload.abort(new FileNotFound())
    }
    return setInterval(renew, CLAIM_MS / 3)
  }

  /** Gives the claim back after a failure. Returns the error to answer with. */
  async function giveUp(file: StoredFile, error: unknown) {
    // What cannot be removed now is removed by the cleanup. A bucket that does not answer is not waited for twice.
    if (!(error instanceof StorageUnavailable)) await store.remove(keyOf(file.id, file.attempt)).catch(() => {})
    const isOurs = await claims.release(file).catch(() => true)
    return isOurs ? error : new FileNotFound()
  }

  async function receive(file: StoredFile, source: Readable) {
    const key = keyOf(file.id, file.attempt)
    const upload = new AbortController()
    const meter = createMeter(check(fromClient(source)), file, upload.signal)
    const heartbeat = keepAlive(file, upload)
    try {
      await store.put(key, meter.body(), file)
    } catch (error) {
      throw await giveUp(file, error)
    } finally {
      clearInterval(heartbeat)
    }
    // If this fails, nobody knows whether it was stored. So nothing is removed: the client asks, or tries again.
    const stored = await claims.store(file, meter.content(), new Date())
    if (stored === null) throw await giveUp(file, new FileNotFound())
    return stored
  }

  return {
    /** Stores the content of a claimed file. Throws FILE_NOT_FOUND if it was deleted meanwhile. */
    receive(file: StoredFile, source: Readable): Promise<StoredFile> {
      const upload = receive(file, source).finally(() => running.delete(upload))
      running.add(upload)
      return upload
    },
    /** Resolves when no upload is running. */
    async close() {
      await Promise.allSettled(running)
    }
  }
}
