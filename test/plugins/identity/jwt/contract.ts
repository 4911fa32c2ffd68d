import type { Contract } from '../../http/docs/contract.test.ts'

export const contract: Contract = async (ask, _headers, { credentials }) => {
  const reply = await ask('POST /api/auth/login', 200, { payload: { ...credentials, authType: 'token' } })
  const { refreshToken } = reply.json()
  await ask('POST /api/auth/token-refresh', 200, { payload: { refreshToken } })
  await ask('POST /api/auth/token-refresh', 401, { payload: { refreshToken: 'x' } })
}
