import Type from 'typebox'
import { closed, Nullable, Time } from '../../plugins/http/schemas.ts'
import { sessionOptions } from '../../plugins/identity/auth/schemas.ts'
import type { Strategy } from '../../plugins/identity/auth/strategy.ts'
import { Name, Username } from '../../plugins/identity/users/schemas.ts'

/** Any text: one that is not a ticket is a 401, like any other invalid one. */
const ticket = Type.String()
export type ProviderResponse = string | Record<string, string>
const response = Type.Unsafe<ProviderResponse>(
  Type.Union(
    [
      Type.String({ maxLength: 8192, examples: ['?code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj'] }),
      Type.Object({}, { additionalProperties: Type.String({ maxLength: 8192 }), maxProperties: 20 })
    ],
    { description: 'The query that the provider sent to your page, as text or as its parameters' }
  )
)

export const ProviderParams = Type.Object({ provider: Type.String() })
export const ProviderList = Type.Object(
  { providers: Type.Array(Type.Object({ id: Type.String(), name: Type.String() }, closed)) },
  closed
)
export const StartReply = Type.Object(
  {
    url: Type.String({ description: 'Send the user there' }),
    ticket: Type.String({ description: 'Keep it for this tab, and send it together with the response' })
  },
  closed
)

const proof = { ticket, response }
export const ProofMember = Type.Object(proof, closed)
export const LoginBody = (strategies: Strategy[]) => Type.Object({ ...proof, ...sessionOptions(strategies) }, closed)
export const SignUpBody = (strategies: Strategy[]) =>
  Type.Object({ ticket, username: Username, name: Name, ...sessionOptions(strategies) }, closed)
/** The ticket of a start with its response, or that of a 409 alone. */
export const LinkBody = Type.Object({ ticket, response: Type.Optional(response) }, closed)

export const IdentityReply = Type.Object(
  { id: Type.String(), provider: Type.String(), createdAt: Time, lastUsedAt: Nullable(Time) },
  closed
)
export const IdentityList = Type.Object({ identities: Type.Array(IdentityReply) }, closed)
