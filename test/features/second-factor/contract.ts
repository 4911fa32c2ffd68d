import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { codeOf } from './codes.ts'

export const contract: Contract = async (ask, _headers, { kind, credentials, logIn }) => {
  const headers = await logIn()
  const { secret } = (await ask('POST /api/users/me/totp', 201, { headers })).json()
  await ask('POST /api/users/me/totp', 401)
  await ask('PUT /api/users/me/totp', 401, { headers, payload: { code: 'x' } })
  const enabled = await ask('PUT /api/users/me/totp', 200, { headers, payload: { code: codeOf(secret) } })
  const renewed: Record<string, string> =
    kind === 'token'
      ? { authorization: `Bearer ${enabled.json().accessToken}` }
      : { cookie: `${enabled.headers['set-cookie']}`.split(';')[0] ?? '' }
  await ask('POST /api/users/me/totp', 409, { headers: renewed })

  const { secondFactor } = (await ask('POST /api/auth/login', 401, { payload: credentials })).json()
  await ask('POST /api/auth/second-factor', 401, { payload: { ticket: secondFactor.ticket, code: 'x' } })
  const [recoveryCode] = enabled.json().recoveryCodes
  await ask('POST /api/auth/second-factor', 200, { payload: { ticket: secondFactor.ticket, recoveryCode } })
  await ask('POST /api/users/me/recovery-codes', 200, { headers: renewed })
  await ask('POST /api/users/me/recovery-codes', 401)
  await ask('DELETE /api/users/me/totp', 401)
  await ask('DELETE /api/users/me/totp', kind === 'token' ? 200 : 204, { headers: renewed })
}
