import Type, { type Static } from 'typebox'
import { closed } from '../../http/schemas.ts'

/** A public key (RFC 7517; RFC 8037 for Ed25519). The schema lists its members, so no private one can leak. */
export const Jwk = Type.Object(
  {
    kty: Type.String(),
    crv: Type.String(),
    x: Type.String(),
    y: Type.Optional(Type.String()),
    kid: Type.String({ description: 'The RFC 7638 thumbprint, also in the header of the tokens' }),
    alg: Type.String(),
    use: Type.Literal('sig')
  },
  closed
)
export type Jwk = Static<typeof Jwk>
export const JwksReply = Type.Object({ keys: Type.Array(Jwk) }, closed)
