import type { Contract } from '../../plugins/http/docs/contract.test.ts'

export const contract: Contract = async (ask, headers) => {
  await ask('GET /api/users/me/events', 200, { headers })
  await ask('GET /api/users/me/events', 400, { headers, query: '?cursor=x' })
}
