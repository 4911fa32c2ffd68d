import type { Contract } from '../../plugins/http/docs/contract.test.ts'

export const contract: Contract = async (ask, headers, { logIn }) => {
  await ask('GET /api/notifications', 200, { headers })
  await ask('GET /api/notifications', 400, { headers, query: '?before=0' })
  await ask('GET /api/notifications', 401)
  await ask('POST /api/notifications/read', 204, { headers, payload: { upTo: 1 } })
  await ask('POST /api/notifications/read', 400, { headers, payload: { upTo: -1 } })
  await ask('POST /api/realtime/tickets', 401)
  const { ticket } = (await ask('POST /api/realtime/tickets', 201, { headers })).json()
  const sent = { headers: await logIn() }
  const open = ask('GET /api/realtime/stream', 200, { ...sent, query: '?after=0' })
  await ask('GET /api/realtime/stream', 400, { headers, query: '?after=-1' })
  await ask('GET /api/realtime/stream', 406, { headers: { ...headers, accept: 'application/json' } })
  await ask('POST /api/auth/logout', 204, sent)
  await open
  await ask('GET /api/realtime/stream', 401, sent)
  await ask('POST /api/auth/logout', 204, { headers })
  await ask('GET /api/realtime/stream', 401, { query: `?ticket=${ticket}` })
}
