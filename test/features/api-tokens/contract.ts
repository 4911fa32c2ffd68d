import type { Contract } from '../../plugins/http/docs/contract.test.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

export const contract: Contract = async (ask, headers) => {
  const payload = { name: 'Backup script', abilities: ['probe:read'] }
  await ask('POST /api/users/me/tokens', 401, { payload })
  await ask('POST /api/users/me/tokens', 400, { headers, payload: { ...payload, abilities: ['all'] } })
  const { id, token } = (await ask('POST /api/users/me/tokens', 201, { headers, payload })).json()
  await ask('GET /api/users/me/tokens', 200, { headers })
  await ask('GET /api/users/me/tokens', 401)
  const byToken = { headers: { authorization: `Bearer ${token}` } }
  await ask('GET /api/users/me/tokens', 403, byToken)
  await ask('GET /api/auth/whoami', 403, byToken)
  await ask('DELETE /api/users/me/tokens/{id}', 404, { headers }, NOBODY)
  await ask('DELETE /api/users/me/tokens/{id}', 204, { headers }, id)
  await ask('DELETE /api/users/me/tokens/{id}', 404, { headers }, id)
  await ask('GET /api/auth/whoami', 401, byToken)
}
