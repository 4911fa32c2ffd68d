import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { giveRole, USERS } from './calls.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

export const contract: Contract = async (ask, headers, { app, credentials }) => {
  await ask(`GET ${USERS}`, 401)
  await ask(`GET ${USERS}`, 403, { headers })
  const { id } = (await ask('GET /api/users/me', 200, { headers })).json()
  await giveRole(app, id, 'admin')
  await ask(`GET ${USERS}`, 200, { headers, query: `?query=${credentials.usernameOrEmail}` })
  await ask(`GET ${USERS}`, 400, { headers, query: '?cursor=x' })
  const eve = await app.users.create(
    { username: `eve.${id}`, email: `${id}@example.com`, name: 'Eve', passwordHash: '' },
    new Date()
  )
  await ask(`GET ${USERS}/{id}`, 200, { headers }, eve.id)
  await ask(`GET ${USERS}/{id}`, 404, { headers }, NOBODY)
  await ask(`PUT ${USERS}/{id}/role`, 200, { headers, payload: { role: 'support' } }, eve.id)
  await ask(`PUT ${USERS}/{id}/role`, 400, { headers, payload: { role: 'root' } }, eve.id)
  await ask(`PUT ${USERS}/{id}/ban`, 204, { headers }, eve.id)
  await ask(`PUT ${USERS}/{id}/ban`, 404, { headers }, NOBODY)
  await ask(`DELETE ${USERS}/{id}/ban`, 204, { headers }, eve.id)
  await ask(`DELETE ${USERS}/{id}/ban`, 404, { headers }, NOBODY)
  await ask(`DELETE ${USERS}/{id}/sessions`, 204, { headers }, eve.id)
  await ask(`DELETE ${USERS}/{id}/sessions`, 404, { headers }, 'x')
}
