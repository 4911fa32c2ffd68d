import t from 'tap'
import { backends, logIn, type Transport, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { buildWithMail, resetPassword, verifyEmail } from '../recovery/mails.ts'
import { createAuthenticator } from './authenticator.ts'
import { addPasskey, listPasskeys, logInWith, outcome, type Passkey } from './calls.ts'

const NEXT = 'another long password'
const EMAIL = 'ada@example.com'
const PASSKEYS = '/api/users/me/passkeys'

for (const [i, backend] of backends.entries()) {
  const transport = transports[i % transports.length] as Transport

  t.test(
    `while addresses are verified, a passkey needs a verified one, and notices tell of it, by ${transport.kind} on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const { app, mails, mailTo } = await buildWithMail(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      for (const line of [`POST ${PASSKEYS}/challenge`, `POST ${PASSKEYS}`])
        t.equal(outcome(await call(app, ada, line, {})), '403 EMAIL_NOT_VERIFIED', line)

      await verifyEmail(app, 'ada')
      const authenticator = createAuthenticator()
      const added = await addPasskey(app, ada, authenticator, {}, 'a secret name')
      t.equal(added.statusCode, 201)
      await mailTo(EMAIL, /method was added/)
      // Only adding one needs a verified address.
      await app.db.delete(app.tables.verifiedEmails)
      t.equal(outcome(await logInWith(app, transport, authenticator)), '200')
      t.equal((await call(app, ada, `DELETE ${PASSKEYS}/${added.json<Passkey>().id}`)).statusCode, 204)
      await mailTo(EMAIL, /method was removed/)
      t.notMatch((await mails()).map(({ raw }) => raw).join(), 'a secret name')
    }
  )

  t.test(
    `a reset keeps the passkeys of a verified user, and removes those of a squatter, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const mail = await buildWithMail(t, await backend.environment())
      const { app } = mail
      const authenticator = createAuthenticator()
      const ada = await logIn(app, 'ada', transport)
      await verifyEmail(app, 'ada')
      t.equal((await addPasskey(app, ada, authenticator)).statusCode, 201)
      t.equal((await resetPassword(mail, EMAIL, NEXT)).statusCode, 204)
      const kept = await logInWith(app, transport, authenticator)
      t.equal(outcome(kept), '200')

      // As if the passkey was added before the service had mail.
      await app.db.delete(app.tables.verifiedEmails)
      t.equal((await resetPassword(mail, EMAIL, `${NEXT} 2`)).statusCode, 204)
      t.equal(outcome(await logInWith(app, transport, authenticator)), '401 INVALID_CODE')
      const again = await transport.logIn(app, 'ada', { password: `${NEXT} 2` })
      t.strictSame(await listPasskeys(app, again), [])
    }
  )
}
