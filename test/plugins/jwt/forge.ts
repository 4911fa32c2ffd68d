import { createHmac } from 'node:crypto'

// Tokens made by hand, so that no test believes the library that it checks.

export type Parts = { header: Record<string, unknown>; claims: Record<string, unknown>; signature: string }

export const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url')

export const sha = (bits: number, key: string, input: string) =>
  createHmac(`sha${bits}`, key).update(input).digest('base64url')

/** A signed token; header and claims as objects, or as the very text. */
export function forge(header: unknown, claims: unknown, key: string, bits = 256) {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sha(bits, key, input)}`
}

export function takeApart(token: string): Parts {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: decode(header), claims: decode(claims), signature }
}
