import { constants } from 'node:fs'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../../plugins/platform/config/operator-error.ts'
import { StorageUnavailable } from './errors.ts'
import type { Store } from './store.ts'

const READ_BYTES = 256 * 1024

/** Failures of the disk are ours to explain, those of a body are the client's. */
function toUnavailable(error: unknown) {
  return error instanceof Error && 'syscall' in error ? new StorageUnavailable({ cause: error }) : error
}

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code
const isMissing = (error: unknown) => hasCode(error, 'ENOENT')
/** A part of this name is being written by another process. */
const isThere = (error: unknown) => hasCode(error, 'EEXIST')

/** Makes a rename durable (fsync(2): "a file's directory entry needs an fsync of its own"). */
async function syncFolder(folder: string) {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Files in a folder. */
export function createDiskStore(folder: string): Store {
  const pathOf = (key: string) => join(folder, key)
  const partOf = (key: string) => `${pathOf(key)}.part`

  async function write(path: string, body: AsyncIterable<Buffer>) {
    // Fails if it exists: a key is written once.
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(body)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  return {
    async put(key, body) {
      try {
        await write(partOf(key), body)
        await rename(partOf(key), pathOf(key))
        await syncFolder(folder)
      } catch (error) {
        // If the disk is full, the part is what fills it.
        if (!isThere(error)) await rm(partOf(key), { force: true }).catch(() => {})
        throw toUnavailable(error)
      }
    },
    async get(key, size, range) {
      try {
        const handle = await open(pathOf(key), 'r')
        const isWhole = (await handle.stat()).size === size
        if (isWhole) return handle.createReadStream({ ...range, highWaterMark: READ_BYTES })
        await handle.close()
        return null
      } catch (error) {
        if (isMissing(error)) return null
        throw toUnavailable(error)
      }
    },
    async remove(key) {
      try {
        for (const path of [partOf(key), pathOf(key)]) await rm(path, { force: true })
      } catch (error) {
        throw toUnavailable(error)
      }
    },
    async open() {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        throw new OperatorError(`STORAGE_URI names a folder that cannot be written (${code})`)
      }
    }
  }
}
