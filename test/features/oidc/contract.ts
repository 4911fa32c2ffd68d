import type { Test } from 'tap'
import type { Contract } from '../../plugins/http/docs/contract.test.ts'
import { claimsOf, type Started, settingsFor } from './calls.ts'
import { type FakeProvider, startProvider } from './provider.ts'

const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057'
let provider: FakeProvider

export async function environment(t: Test) {
  // A test repeats each call that a gate has refused.
  provider = await startProvider(t, {}, { isForgetful: true })
  return settingsFor({ test: provider })
}

export const contract: Contract = async (ask, _headers, { kind, logIn }) => {
  const headers = await logIn()
  const authTime = Math.floor(Date.now() / 1000)
  async function comeBack(claims: object) {
    const { url, ticket } = (await ask('POST /api/auth/oidc/{provider}', 200, {}, 'test')).json<Started>()
    return { ticket, response: provider.agree(url, { claims: { ...claims, auth_time: authTime } }) }
  }
  const claims = claimsOf(`oidc-${kind}`)
  await ask('GET /api/auth/oidc', 200)
  await ask('POST /api/auth/oidc/{provider}', 404, {}, 'unknown')
  const login = { ...(await comeBack(claims)), authType: kind }
  await ask('POST /api/auth/oidc/login', 401, { payload: { ...login, response: '?code=x' } })
  const { ticket } = (await ask('POST /api/auth/oidc/login', 409, { payload: login })).json<Started>()
  const account = { username: `oidc-${kind}`, name: 'Ada', authType: kind }
  await ask('POST /api/auth/oidc/signup', 401, { payload: { ...account, ticket: 'unknown' } })
  await ask('POST /api/auth/oidc/signup', 201, { payload: { ...account, ticket } })
  await ask('POST /api/auth/oidc/login', 200, { payload: { ...(await comeBack(claims)), authType: kind } })

  const own = { headers, payload: await comeBack(claimsOf(`link-${kind}`)) }
  await ask('POST /api/users/me/identities', 401, { payload: own.payload })
  const { id } = (await ask('POST /api/users/me/identities', 201, own)).json<{ id: string }>()
  await ask('GET /api/users/me/identities', 200, { headers })
  await ask('GET /api/users/me/identities', 401)
  const unverified = { ...(await comeBack({ sub: 'nobody' })), authType: kind }
  await ask('POST /api/auth/oidc/login', 422, { payload: unverified })
  await ask('DELETE /api/users/me/identities/{id}', 404, { headers }, NOBODY)
  await ask('DELETE /api/users/me/identities/{id}', 204, { headers }, id)
}
