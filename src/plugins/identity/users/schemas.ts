import Type from 'typebox'
import { closed, Time } from '../../http/schemas.ts'
import { NAME_PATTERN, USERNAME_PATTERN } from './names.ts'
import type { User } from './tables.ts'

export const Username = Type.String({
  minLength: 3,
  maxLength: 64,
  pattern: USERNAME_PATTERN,
  description: 'Use letters and digits of any script, with . _ - between them',
  examples: ['ada']
})
export const Email = Type.String({
  maxLength: 254,
  // Generated clients rarely know the format.
  pattern: '^[^@\\s]+@[^@\\s]+$',
  format: 'idn-email',
  examples: ['ada@example.com']
})
export const Name = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: NAME_PATTERN,
  description: 'Use visible characters, and no control characters',
  examples: ['Ada Lovelace']
})
/** In code points after NFC. Longer passwords are rejected, never truncated (ASVS 5.0, 6.2.9). */
export const PASSWORD_MAX_LENGTH = 256
/** An existing password. Its minimum length was checked when it was set. */
export const KnownPassword = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  examples: ['a long first password']
})
/** A password to set. */
export function NewPassword(minLength: number) {
  return Type.String({ minLength, maxLength: PASSWORD_MAX_LENGTH, examples: ['a long first password'] })
}

export const NameChanges = Type.Object(
  { username: Type.Optional(Username), name: Type.Optional(Name) },
  { ...closed, minProperties: 1 }
)

export function PasswordBody(passwordMinLength: number) {
  return Type.Object({ currentPassword: KnownPassword, newPassword: NewPassword(passwordMinLength) }, closed)
}

/** The members of `user` that it always has. */
export const userMembers = {
  id: Type.String(),
  username: Type.String(),
  email: Type.String(),
  name: Type.String(),
  createdAt: Time
}
/** The part of a user that may leave the service. */
export type Profile = Pick<User, keyof typeof userMembers>
