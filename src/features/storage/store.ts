import type { Readable } from 'node:stream'
import type { Range } from './ranges.ts'

/** The bytes of an upload, in order. Iterating throws if they must not be stored. */
export type Body = AsyncIterable<Buffer>

/** Where bytes are kept, by key. Each call throws STORAGE_UNAVAILABLE if it cannot be done now. */
export type Store = {
  /** Stores all of a body, or nothing: it is durable when this resolves, and not there if the body throws. */
  put(key: string, body: Body, facts: { size: number; sha256: string | null }): Promise<void>
  /** The bytes, or a range of them. Null: they are not there, or not all `size` of them. */
  get(key: string, size: number, range: Range | null): Promise<Readable | null>
  /** Also removes what an interrupted `put` left behind. Resolves if there is nothing to remove. */
  remove(key: string): Promise<void>
  /** Prepares the store when the service starts. Throws an OperatorError for what only the operator can fix. */
  open(): Promise<void>
}

/** The key of an attempt. No text that a user chose is part of it. */
export const keyOf = (id: string, attempt: number) => `${id}.${attempt}`
