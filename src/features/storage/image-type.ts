/** What browsers show without running anything. */
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const
type ImageType = (typeof IMAGE_TYPES)[number]

/** How many bytes of a file show its type. */
export const HEAD_BYTES = 32

const isAt = (head: Buffer, at: number, text: string) => head.toString('latin1', at, at + text.length) === text

/** An AVIF is an ISO media file that names `avif` or `avis` as its brand (AVIF 1.1, 6). */
function isAvif(head: Buffer) {
  return isAt(head, 4, 'ftypavif') || isAt(head, 4, 'ftypavis')
}

/**
 * The type of an image that browsers show, by its first bytes; null for anything else. With `nosniff` a browser decodes the file
 * as this type or not at all, so a polyglot is only an image.
 */
export function imageType(head: Buffer): ImageType | null {
  if (isAt(head, 0, '\x89PNG\r\n\x1a\n')) return 'image/png'
  if (isAt(head, 0, '\xff\xd8\xff')) return 'image/jpeg'
  if (isAt(head, 0, 'GIF87a') || isAt(head, 0, 'GIF89a')) return 'image/gif'
  if (isAt(head, 0, 'RIFF') && isAt(head, 8, 'WEBP')) return 'image/webp'
  return isAvif(head) ? 'image/avif' : null
}
