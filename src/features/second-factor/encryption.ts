import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16

export type Encryption = ReturnType<typeof createEncryption>

/**
 * Encrypts with the first key and decrypts with any of them (AES-256-GCM; ASVS 5.0, 11.3.2 and 13.3.4). A text is bound to its
 * `owner`: in the row of another user it does not decrypt.
 */
export function createEncryption(secrets: readonly string[], purpose: string) {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  const [first = randomBytes(32)] = keys

  function decryptWith(key: Buffer, text: string, owner: string) {
    const bytes = Buffer.from(text, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG_BYTES))
    const head = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8')
    try {
      return head + decipher.final('utf8')
    } catch {
      return null
    }
  }

  return {
    encrypt(text: string, owner: string) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', first, iv).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
    },
    /** Null if none of the keys encrypted it. */
    decrypt(text: string, owner: string) {
      for (const key of keys) {
        const plain = decryptWith(key, text, owner)
        if (plain !== null) return plain
      }
      return null
    }
  }
}
