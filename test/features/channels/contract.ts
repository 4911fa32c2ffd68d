import type { Contract } from '../../plugins/http/docs/contract.test.ts'

// A WebSocket cannot be opened by `inject`: see upgrades.test.ts.
export const contract: Contract = async (ask, headers, { kind }) => {
  const own = { ...headers, origin: 'https://localhost:80' }
  await ask('GET /api/realtime/socket', 426, { headers: own })
  await ask('GET /api/realtime/socket', 401)
  if (kind === 'cookie') await ask('GET /api/realtime/socket', 403, { headers })
}
