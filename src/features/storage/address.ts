import { createDiskStore } from './disk.ts'
import type { Store } from './store.ts'

/** Whether a STORAGE_URI names a place for files. */
export const isStorageUri = (uri: string) => /^file:.+/.test(uri)

/** The place that a STORAGE_URI names. */
export function openStore(uri: string): Store {
  return createDiskStore(uri.replace(/^file:(\/\/(?=\/))?/, ''))
}
