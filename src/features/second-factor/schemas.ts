import Type, { type TSchema } from 'typebox'
import { closed } from '../../plugins/http/schemas.ts'
import type { StrategyOpenApi } from '../../plugins/identity/auth/strategy.ts'

/** A ticket, and exactly one second factor. */
export function SecondFactorBody(methods: Record<string, TSchema>) {
  const optional = Object.entries(methods).map(([member, schema]) => [member, Type.Optional(schema)] as const)
  return Type.Object(
    { ticket: Type.String({ maxLength: 64 }), ...Object.fromEntries(optional) },
    { ...closed, minProperties: 2, maxProperties: 2 }
  )
}

/** The replies of all logins and renewals, by status. */
export function confirmedReplies(contracts: StrategyOpenApi[], login: TSchema): Record<number, TSchema> {
  const renewed = contracts.flatMap(({ renewed }) => (renewed[200] ? [renewed[200]] : []))
  const others = Object.assign({}, ...contracts.map(({ renewed }) => renewed)) as Record<number, TSchema>
  return { ...others, 200: renewed.length > 0 ? Type.Union([login, ...renewed]) : login }
}

export const TotpReply = Type.Object(
  {
    secret: Type.String({ description: 'In base32, to type into an authenticator app' }),
    uri: Type.String({ description: 'The same for a QR code: `otpauth://totp/…`' })
  },
  closed
)

const Codes = Type.Array(Type.String(), { description: 'Ten codes, shown only now; each works once' })
export const RecoveryCodesReply = Type.Object({ recoveryCodes: Codes }, closed)

/** The recovery codes, and the members of a renewal: those of a token session, or none. */
export function EnabledReply(contracts: StrategyOpenApi[]) {
  const replies = contracts.map(({ members }) => Type.Object({ recoveryCodes: Codes, ...members }, closed))
  return replies.length === 1 && replies[0] ? replies[0] : Type.Union(replies)
}
