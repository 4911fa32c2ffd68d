import Type from 'typebox'
import { closed, Nullable, Time } from '../../plugins/http/schemas.ts'
import { NAME_PATTERN } from '../../plugins/identity/users/names.ts'
import type { Abilities } from './abilities.ts'

const NAME_MAX_LENGTH = 64
const DEFAULT_AGE_SECONDS = 90 * 86_400

export function TokenBody(abilities: Abilities, maxAgeSeconds: number) {
  return Type.Object(
    {
      name: Type.String({
        minLength: 1,
        maxLength: NAME_MAX_LENGTH,
        pattern: NAME_PATTERN,
        examples: ['Backup script']
      }),
      abilities: Type.Array(abilities.schema, { minItems: 1, maxItems: 100, uniqueItems: true }),
      expiresIn: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: maxAgeSeconds,
          default: Math.min(DEFAULT_AGE_SECONDS, maxAgeSeconds),
          description: 'In seconds'
        })
      )
    },
    closed
  )
}

const members = {
  id: Type.String(),
  name: Type.String(),
  abilities: Type.Array(Type.String()),
  createdAt: Time,
  expiresAt: Time,
  lastUsedAt: Nullable(Time)
}
export const NewTokenReply = Type.Object(
  { token: Type.String({ description: 'Shown only now: the service stores a hash' }), ...members },
  closed
)
export const TokenList = Type.Object({ tokens: Type.Array(Type.Object(members, closed)) }, closed)
