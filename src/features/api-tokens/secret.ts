import { crc32 } from 'node:zlib'
import { newSecret } from '../../plugins/identity/tickets/codes.ts'

// An API token is `pat_`, 32 random bytes, and a checksum. The prefix and the checksum let a scanner recognize a leaked token.

export const PREFIX = 'pat_'
const SHAPE = /^pat_([\w-]{43})([\w-]{6})$/

/** CRC-32, in base64url. */
function checksum(secret: string) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(secret))
  return bytes.toString('base64url')
}

export function newToken() {
  const secret = newSecret()
  return `${PREFIX}${secret}${checksum(secret)}`
}

/** Whether this can be a token of ours: anything else is refused without a query. */
export function isToken(text: string) {
  const [, secret, sum] = SHAPE.exec(text) ?? []
  return secret !== undefined && sum === checksum(secret)
}
