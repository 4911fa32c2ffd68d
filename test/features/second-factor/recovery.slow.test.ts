import t from 'tap'
import { backends, logIn, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, resetPassword, verifyEmail } from '../recovery/mails.ts'
import { ask, codeOf, confirm, outcome } from './codes.ts'

const NEXT = 'another long password'
const EMAIL = 'ada@example.com'

for (const [i, backend] of backends.entries()) {
  const transport = transports[i % transports.length] as Transport
  const { kind } = transport

  t.test(
    `while addresses are verified, a reset keeps the second factor of a verified user, and removes that of a squatter, by ${kind} on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const mail = await buildWithMail(t, await backend.environment())
      const { app, mailTo } = mail
      const ada = await logIn(app, 'ada', transport)
      t.equal(outcome(await call(app, ada, 'POST /api/users/me/totp')), '403 EMAIL_NOT_VERIFIED')
      await verifyEmail(app, 'ada')
      const { secret } = (await call(app, ada, 'POST /api/users/me/totp')).json<{ secret: string }>()
      const confirmed = await call(app, ada, 'PUT /api/users/me/totp', { code: codeOf(secret) })
      const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>()
      await mailTo(EMAIL, /method was added/)

      t.equal((await resetPassword(mail, EMAIL, NEXT)).statusCode, 204)
      const { ticket } = await ask(app, 'ada', kind, { password: NEXT })
      t.equal(outcome(await confirm(app, { ticket, recoveryCode: recoveryCodes[0] })), '200')
      await mailTo(EMAIL, /recovery code was used/)

      // As if the second factor was set up before the service had mail.
      await app.db.delete(app.tables.verifiedEmails)
      t.equal((await resetPassword(mail, EMAIL, `${NEXT} 2`)).statusCode, 204)
      const again = await transport.logIn(app, 'ada', { password: `${NEXT} 2` })
      const { totp, recoveryCodesLeft } = (await call(app, again, 'GET /api/users/me/security')).json()
      t.strictSame({ totp, recoveryCodesLeft }, { totp: false, recoveryCodesLeft: 0 })
    }
  )
}
