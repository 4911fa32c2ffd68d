import { PASSWORD } from '../../../build.ts'
import type { Contract } from '../../http/docs/contract.test.ts'

const NEXT = 'another long password'

export const contract: Contract = async (ask, headers, { kind, logIn }) => {
  const taken = `taken-${kind}`
  const other = { username: taken, email: `${taken}@example.com`, name: 'Eve', password: PASSWORD }
  await ask('POST /api/auth/signup', 201, { payload: other })
  await ask('GET /api/users/me', 200, { headers })
  await ask('GET /api/users/me', 401)
  await ask('GET /api/users/me/security', 200, { headers })
  await ask('GET /api/users/me/security', 401)
  await ask('PATCH /api/users/me', 200, { headers, payload: { name: 'Another Name' } })
  await ask('PATCH /api/users/me', 409, { headers, payload: { username: taken } })

  const weak = { currentPassword: PASSWORD, newPassword: 'password' }
  await ask('PUT /api/users/me/password', 422, { headers, payload: weak })
  const strong = { ...weak, newPassword: NEXT }
  await ask('PUT /api/users/me/password', kind === 'token' ? 200 : 204, { headers, payload: strong })

  const fresh = await logIn(NEXT)
  await ask('DELETE /api/users/me', 401)
  if (kind === 'cookie') await ask('DELETE /api/users/me', 403, { headers: { ...fresh, origin: 'https://evil.test' } })
  await ask('DELETE /api/users/me', 204, { headers: fresh })
}
