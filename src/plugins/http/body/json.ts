import secureJson from 'secure-json-parse'
import { MalformedJson, ValidationFailed } from '../../platform/errors/errors.ts'
import { pathTo, toPointer } from '../../platform/errors/member-errors.ts'

// Without `fatal`, invalid UTF-8 would become U+FFFD, and different passwords equal. A BOM is dropped (RFC 8259, 8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true })
/** Only escapes can contain U+0000 or half a surrogate pair: unescaped, they are not valid JSON or UTF-8. */
const SUSPECT = /\\u(0000|d[89a-f])/i

/**
 * Parses a body, or returns undefined for an empty one. The last of duplicate members counts. Throws MALFORMED_JSON, also for
 * `__proto__` and `constructor.prototype`, and VALIDATION_FAILED for U+0000 or ill-formed Unicode (ASVS 5.0, 1.5.2).
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = secureJson.parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw new MalformedJson()
  }
  const path = SUSPECT.test(text) ? findIllFormed(value) : null
  if (path === null) return value
  const detail = 'This contains characters that are not allowed: U+0000, or half of a surrogate pair'
  throw Object.assign(new ValidationFailed(), { errors: [{ pointer: toPointer(path), code: 'FORMAT', detail }] })
}

const isIllFormed = (value: unknown) => typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())

/** The path to a text that PostgreSQL would refuse or SQLite would change, or null. */
function findIllFormed(root: unknown): string | null {
  // No recursion, since the client chooses how deep a body is.
  const open: [string, unknown][] = [['', root]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, value] = next
    if (isIllFormed(value)) return path
    if (typeof value !== 'object' || value === null) continue
    for (const [name, member] of Object.entries(value)) {
      if (isIllFormed(name)) return path
      open.push([pathTo(path, name), member])
    }
  }
  return null
}
