import { randomUUIDv7 } from 'node:crypto'
import { PASSWORD } from '../../../build.ts'
import type { Contract } from '../../http/docs/contract.test.ts'

export const contract: Contract = async (ask, headers, { kind, credentials, logIn }) => {
  await ask('GET /api/auth', 200)
  const user = { username: `ada-${kind}`, email: `ada-${kind}@example.com`, name: 'Ada', password: PASSWORD }
  await ask('POST /api/auth/signup', 201, { payload: user })
  await ask('POST /api/auth/signup', 409, { payload: user })
  await ask('POST /api/auth/signup', 400, { payload: { ...user, username: '' } })
  const eve = { ...user, username: `eve-${kind}`, email: `eve-${kind}@example.com` }
  await ask('POST /api/auth/signup', 422, { payload: { ...eve, password: 'password' } })
  await ask('POST /api/auth/signup', 415, { payload: eve, headers: { 'content-type': 'text/plain' } })
  await ask('POST /api/auth/login', 401, { payload: { ...credentials, password: 'wrong' } })
  await ask('GET /api/auth/whoami', 200, { headers })
  await ask('GET /api/auth/whoami', 401)
  await ask('GET /api/auth/check-auth', 200)
  await ask('GET /api/auth/check-auth', 200, { headers })

  const { sessions } = (await ask('GET /api/auth/sessions', 200, { headers })).json()
  await ask('GET /api/auth/sessions', 401)
  await ask('DELETE /api/auth/sessions/{id}', 404, { headers }, randomUUIDv7())
  const other = await logIn()
  const after = (await ask('GET /api/auth/sessions', 200, { headers })).json().sessions
  const added = after.find(({ id }: { id: string }) => id !== sessions[0].id)
  await ask('DELETE /api/auth/sessions/{id}', 204, { headers }, added.id)
  await ask('DELETE /api/auth/sessions', 401, { headers: other })
  await ask('DELETE /api/auth/sessions', 204, { headers, query: '?keepCurrent=true' })

  await ask('POST /api/auth/reauthenticate', 401, { headers, payload: { password: 'wrong' } })
  await ask('POST /api/auth/reauthenticate', kind === 'token' ? 200 : 204, { headers, payload: { password: PASSWORD } })
  const last = await logIn()
  await ask('POST /api/auth/logout', 204, { headers: last })
  await ask('POST /api/auth/logout', 401, { headers: last })
}
