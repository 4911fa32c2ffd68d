import { parseJson } from '../../plugins/http/body/json.ts'

type Id = string | number
/** What a client sends. `id` is the client's, for the answer. */
export type Frame =
  | { op: 'sub'; id: Id; channel: string; after?: number }
  | { op: 'unsub'; id: Id; channel: string }
  | { op: 'pub'; id: Id; channel: string; type: string; data: unknown }
/** A frame, and its id as far as it could be read. */
export type Incoming = { id: Id | null; frame: Frame | null }

const MEMBERS = { sub: ['after'], unsub: [], pub: ['type', 'data'] } as const
const TYPE = /^[\w.-]{1,64}$/

const isId = (id: unknown): id is Id =>
  typeof id === 'string' ? id.length > 0 && id.length <= 64 : Number.isSafeInteger(id)

function isFrame(value: Record<string, unknown>) {
  const { op, id, channel, after = 0, type, data } = value
  if (op !== 'sub' && op !== 'unsub' && op !== 'pub') return false
  if (!isId(id) || typeof channel !== 'string') return false
  const known: readonly string[] = ['op', 'id', 'channel', ...MEMBERS[op]]
  if (!Object.keys(value).every((name) => known.includes(name))) return false
  if (op === 'pub') return typeof type === 'string' && TYPE.test(type) && data !== undefined
  return Number.isSafeInteger(after) && (after as number) >= 0
}

/** Reads a message of a client as strictly as a body. Without a `frame` it is not valid. */
export function readFrame(bytes: Buffer): Incoming {
  try {
    const value = parseJson(bytes)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { id: null, frame: null }
    const members = value as Record<string, unknown>
    const id = isId(members['id']) ? members['id'] : null
    return { id, frame: isFrame(members) ? (members as Frame) : null }
  } catch {
    return { id: null, frame: null }
  }
}
