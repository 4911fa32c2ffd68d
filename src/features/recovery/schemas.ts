import Type from 'typebox'
import { closed, Time } from '../../plugins/http/schemas.ts'
import { Email, NewPassword } from '../../plugins/identity/users/schemas.ts'

/** The reply to a request for a code. */
export const OpenTicket = Type.Object(
  {
    ticket: Type.String({ description: 'Send it back together with the code' }),
    expiresAt: Time
  },
  closed
)

/** Any text: one that is not a ticket is a 401, like any other invalid one. */
const ticket = Type.String()
const code = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'From the mail; lower case, spaces, and a missing dash make no difference',
  examples: ['AB01-XYZ9']
})

export const CodeBody = Type.Object({ ticket, code }, closed)
export const EmailBody = Type.Object({ email: Email }, closed)
export function ResetBody(passwordMinLength: number) {
  return Type.Object({ ticket, code, newPassword: NewPassword(passwordMinLength) }, closed)
}
