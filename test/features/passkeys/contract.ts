import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { createAuthenticator } from './authenticator.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'

export const contract: Contract = async (ask, _headers, { kind, logIn }) => {
  const headers = await logIn()
  const authenticator = createAuthenticator({ synced: true })
  await ask('POST /api/users/me/passkeys/challenge', 401)
  await ask('POST /api/users/me/passkeys', 401)
  const { ticket, options } = (await ask('POST /api/users/me/passkeys/challenge', 200, { headers })).json()
  const payload = { ticket, credential: authenticator.register(options), name: 'My phone' }
  const { id } = (await ask('POST /api/users/me/passkeys', 201, { headers, payload })).json()
  await ask('GET /api/users/me/passkeys', 200, { headers })
  await ask('GET /api/users/me/passkeys', 401)
  const name = { headers, payload: { name: 'Ada’s phone' } }
  await ask('PATCH /api/users/me/passkeys/{id}', 200, name, id)
  await ask('PATCH /api/users/me/passkeys/{id}', 404, name, NOBODY)

  const foreign = { cookie: 'theme=dark', origin: 'https://evil.test' }
  await ask('POST /api/auth/passkeys/challenge', 403, { headers: foreign })
  const challenge = (await ask('POST /api/auth/passkeys/challenge', 200)).json()
  const credential = authenticator.sign(challenge.options)
  const login = { payload: { ticket: challenge.ticket, credential, authType: kind } }
  await ask('POST /api/auth/passkeys/login', 200, login)
  await ask('POST /api/auth/passkeys/login', 401, login)
  await ask('DELETE /api/users/me/passkeys/{id}', 204, { headers }, id)
  await ask('DELETE /api/users/me/passkeys/{id}', 404, { headers }, id)
}
