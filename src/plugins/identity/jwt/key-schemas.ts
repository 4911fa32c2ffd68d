import Type, { type Static } from 'typebox'
import { closed } from '../../http/schemas.ts'

/** A public key (RFC 7517; RFC 8037 for Ed25519): members are listed here, so no private one can leave. */
export const Jwk = Type.Object(
  {
    kty: Type.String(),
    crv: Type.String(),
    x: Type.String(),
    y: Type.Optional(Type.String()),
    kid: Type.String({ description: 'The RFC 7638 thumbprint, as in the header of the tokens' }),
    alg: Type.String(),
    use: Type.Literal('sig')
  },
  closed
)
export type Jwk = Static<typeof Jwk>
export const JwksReply = Type.Object({ keys: Type.Array(Jwk) }, closed)
