import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Settings } from '../../plugins/platform/config/settings.ts'
import { FileNotFound, RangeNotSatisfiable, StorageUnavailable } from './errors.ts'
import { namesEtag, parseRange } from './ranges.ts'
import { OCTETS } from './schemas.ts'
import { keyOf, type Store } from './store.ts'
import type { StoredFile } from './tables.ts'

export type SendFile = ReturnType<typeof createSendFile>

/** Percent-encoded for `filename*` (RFC 8187, 3.2). */
const encodeName = (name: string) =>
  encodeURIComponent(name).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * What keeps a file of a user from acting as a page of this origin: only images, by their own bytes, are shown; anything else is a
 * download without a type. The sandbox is for browsers that show it nevertheless.
 */
const contentHeaders = ({ name, type, sha256 }: StoredFile, policy: string) => ({
  'content-type': type ?? OCTETS,
  'content-disposition': `${type ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeName(name)}`,
  'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  // A page on the site that cookies come from may show the image.
  'cross-origin-resource-policy': policy,
  // A browser asks each time whether it may still show what it has, so a logout also counts for files. Nobody compresses them.
  'cache-control': 'private, no-cache, no-transform',
  'accept-ranges': 'bytes',
  etag: `"${sha256}"`
})

/** Sends stored files: whole, in ranges, or not at all if the client has them (RFC 9110, 13 and 14). */
export function createSendFile(store: Store, { COOKIE_SAME_SITE }: Pick<Settings, 'COOKIE_SAME_SITE'>) {
  const policy = COOKIE_SAME_SITE === 'none' ? 'cross-origin' : 'same-site'

  /** Throws FILE_NOT_FOUND for null and for a file without content. */
  return async function sendFile(reply: FastifyReply, file: StoredFile | null) {
    if (file?.state !== 'stored') throw new FileNotFound()
    const { method, headers } = reply.request
    const own = contentHeaders(file, policy)
    const { 'if-range': ifRange = own.etag } = headers
    if (namesEtag(headers['if-none-match'], own.etag)) return reply.code(304).headers(own).send()
    // A range is for GET only (RFC 9110, 14.2), and for the version that the client has the rest of.
    const range = method === 'GET' && ifRange === own.etag ? parseRange(headers.range, file.size) : null
    if (range === 'unsatisfiable')
      throw Object.assign(new RangeNotSatisfiable(), { headers: { 'content-range': `bytes */${file.size}` } })
    const length = range === null ? file.size : range.end - range.start + 1
    const bytes =
      method === 'HEAD' ? Readable.from([]) : await store.get(keyOf(file.id, file.attempt), file.size, range)
    if (bytes === null) throw new StorageUnavailable({ cause: new Error(`the bytes of file ${file.id} are missing`) })
    reply.headers({ ...own, 'content-length': length })
    if (range !== null) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`)
    return reply.send(bytes)
  }
}
