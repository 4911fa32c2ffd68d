import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { OCTETS } from './calls.ts'
import { images } from './images.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

export const contract: Contract = async (ask, headers) => {
  const payload = Buffer.from('Milk, bread')
  const typed = { ...headers, 'content-type': OCTETS }
  await ask('POST /api/files', 401)
  await ask('GET /api/files', 401)
  const created = { headers, payload: { name: 'notes.txt', size: payload.length } }
  const { id } = (await ask('POST /api/files', 201, created)).json().file
  await ask('PUT /api/files/{id}/content', 200, { headers: typed, payload }, id)
  await ask('PUT /api/files/{id}/content', 409, { headers: typed, payload }, id)
  await ask('GET /api/files', 200, { headers })
  await ask('GET /api/files/{id}', 200, { headers }, id)
  await ask('GET /api/files/{id}', 404, { headers }, NOBODY)
  await ask('GET /api/files/{id}/content', 206, { headers: { ...headers, range: 'bytes=0-1' } }, id)
  await ask('GET /api/files/{id}/content', 416, { headers: { ...headers, range: 'bytes=99-' } }, id)

  const { id: userId } = (await ask('GET /api/users/me', 200, { headers })).json()
  const png = images['image/png']
  const picture = { headers, payload: { name: 'ada.png', size: png.length } }
  const { id: fileId } = (await ask('POST /api/files', 201, picture)).json().file
  await ask('PUT /api/files/{id}/content', 200, { headers: typed, payload: png }, fileId)
  await ask('PUT /api/users/me/avatar', 204, { headers, payload: { fileId } })
  await ask('PUT /api/users/me/avatar', 404, { headers, payload: { fileId: NOBODY } })
  await ask('GET /api/users/{id}/avatar', 200, { headers }, userId)
  await ask('GET /api/users/{id}/avatar', 404, { headers }, NOBODY)
  await ask('DELETE /api/users/me/avatar', 204, { headers })
  await ask('DELETE /api/users/me/avatar', 401)
  await ask('DELETE /api/files/{id}', 204, { headers }, id)
  await ask('DELETE /api/files/{id}', 404, { headers }, id)
}
