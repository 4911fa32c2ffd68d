import Type, { type TSchema } from 'typebox'
import { closed, Nullable, Time } from '../../plugins/http/schemas.ts'
import { sessionOptions } from '../../plugins/identity/auth/schemas.ts'
import type { Strategy } from '../../plugins/identity/auth/strategy.ts'

const Base64url = Type.String({ pattern: '^[\\w-]+$', maxLength: 12_000 })
const Name = Type.String({ minLength: 1, maxLength: 64, pattern: '\\S', examples: ['Ada’s phone'] })
const Ticket = Type.String({ maxLength: 64 })

/** What `PublicKeyCredential.toJSON()` gives. It is open, because browsers add members. */
const credential = <T extends Record<string, TSchema>>(response: T) =>
  Type.Object(
    {
      ...{ id: Base64url, rawId: Base64url, type: Type.Literal('public-key') },
      response: Type.Object({ clientDataJSON: Base64url, ...response }),
      clientExtensionResults: Type.Object({})
    },
    { description: 'What `credential.toJSON()` gives' }
  )
const transports = Type.Array(Type.Enum(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']))
const Registration = credential({ attestationObject: Base64url, transports: Type.Optional(transports) })
const Login = credential({
  authenticatorData: Base64url,
  signature: Base64url,
  userHandle: Type.Optional(Base64url)
})

export const RegistrationBody = Type.Object({ ticket: Ticket, credential: Registration, name: Name }, closed)
const assertion = { ticket: Ticket, credential: Login }
export const AssertionMember = Type.Object(assertion, closed)
export const LoginBody = (strategies: Strategy[]) =>
  Type.Object({ ...assertion, ...sessionOptions(strategies) }, closed)
export const NameBody = Type.Object({ name: Name }, closed)

const challenge = (call: string) =>
  Type.Object(
    {
      ticket: Type.String({ description: 'Send it together with the credential' }),
      options: Type.Object({}, { additionalProperties: true, description: `For \`PublicKeyCredential.${call}()\`` })
    },
    closed
  )
export const RegistrationChallenge = challenge('parseCreationOptionsFromJSON')
export const LoginChallenge = challenge('parseRequestOptionsFromJSON')

export const PasskeyReply = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    createdAt: Time,
    lastUsedAt: Nullable(Time),
    synced: Type.Boolean({ description: 'Whether it may be on several devices' })
  },
  closed
)
export const PasskeyList = Type.Object({ passkeys: Type.Array(PasskeyReply) }, closed)
