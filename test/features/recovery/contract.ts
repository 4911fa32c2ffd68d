import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { codeIn } from './mails.ts'

const NEXT = 'another long password'

export const contract: Contract = async (ask, _headers, { app, kind, credentials, logIn }) => {
  let code = ''
  // No mail leaves: the contract reads the code from it.
  if (app.mail)
    app.mail.send = (mail) => {
      if (/code/.test(mail.subject)) code = codeIn(mail)
    }
  const email = `${credentials.usernameOrEmail}@example.com`
  await app.db.delete(app.tables.verifiedEmails)
  const headers = await logIn()
  await ask('POST /api/auth/email-verification', 401)
  const { ticket } = (await ask('POST /api/auth/email-verification', 202, { headers })).json()
  await ask('PUT /api/auth/email-verification', 401, { headers, payload: { ticket, code: 'x' } })
  await ask('PUT /api/auth/email-verification', 200, { headers, payload: { ticket, code } })
  await ask('POST /api/auth/email-verification', 409, { headers })

  await ask('POST /api/users/me/email', 400, { headers, payload: { email: 'x' } })
  const changed = { email: `new-${kind}@example.com` }
  const change = (await ask('POST /api/users/me/email', 202, { headers, payload: changed })).json()
  await ask('PUT /api/users/me/email', 401, { headers, payload: { ticket: change.ticket, code: 'x' } })
  const right = { ticket: change.ticket, code }
  await ask('PUT /api/users/me/email', kind === 'token' ? 200 : 204, { headers, payload: right })

  await ask('POST /api/auth/password-reset', 400, { payload: { email: 'x' } })
  await ask('POST /api/auth/password-reset', 202, { payload: { email } })
  const reset = (await ask('POST /api/auth/password-reset', 202, { payload: changed })).json()
  const body = { ticket: reset.ticket, code, newPassword: NEXT }
  await ask('PUT /api/auth/password-reset', 422, { payload: { ...body, newPassword: 'password' } })
  await ask('PUT /api/auth/password-reset', 401, { payload: { ...body, code: 'x' } })
  await ask('PUT /api/auth/password-reset', 204, { payload: body })
}
