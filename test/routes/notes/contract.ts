import { randomUUIDv7 } from 'node:crypto'
import type { Contract } from '../../plugins/http/docs/contract.test.ts'

export const contract: Contract = async (ask, headers) => {
  const note = await ask('POST /api/notes', 201, { headers, payload: { title: 'A note', text: 'of no interest' } })
  await ask('POST /api/notes', 400, { headers, payload: {} })
  await ask('GET /api/notes', 200, { headers })
  await ask('GET /api/notes', 400, { headers, query: '?limit=0' })
  for (const [id, status] of [
    [note.json().id, 200],
    [randomUUIDv7(), 404]
  ] as const) {
    await ask('GET /api/notes/{id}', status, { headers }, id)
    await ask('PATCH /api/notes/{id}', status, { headers, payload: { title: 'Another' } }, id)
    await ask('DELETE /api/notes/{id}', status === 200 ? 204 : 404, { headers }, id)
  }
}
