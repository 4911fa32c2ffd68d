const bytes = (text: string) => Buffer.from(text.padEnd(64, '\0'), 'latin1')

/** The beginnings of images. */
export const images = {
  'image/png': bytes('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'),
  'image/jpeg': bytes('\xff\xd8\xff\xe0\0\x10JFIF'),
  'image/gif': bytes('GIF89a'),
  'image/webp': bytes('RIFF\x24\0\0\0WEBPVP8 '),
  'image/avif': bytes('\0\0\0\x20ftypavif\0\0\0\0avifmif1')
}
