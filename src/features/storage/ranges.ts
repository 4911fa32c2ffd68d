/** The first and the last byte, both included. */
export type Range = { start: number; end: number }

/**
 * The range that a Range header asks for (RFC 9110, 14.2). Null: the whole file, because the header is missing, malformed, or lists
 * several ranges, which a server may ignore. `unsatisfiable`: the file has no such bytes.
 */
export function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '') ?? []
  if (first === '' && last === '') return null
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/** Whether a list of ETags names this one (RFC 9110, 13.1.2). Proxies that compress mark ours as weak. */
export function namesEtag(header: string | undefined, etag: string) {
  if (header === undefined) return false
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag)
}
