import type { Client } from 'openapi-fetch'
import type { Input, paths } from './contract.ts'
import { orThrow } from './errors.ts'

type NewToken = Input<paths['/api/users/me/tokens']['post']>

/** The API tokens of the user, for scripts. */
export const createApiTokens = (api: Client<paths>) => ({
  list: async () => (await orThrow(api.GET('/api/users/me/tokens'))).tokens,
  /** Only this reply has the `token`. Throws REAUTHENTICATION_REQUIRED. */
  add: (body: NewToken) => orThrow(api.POST('/api/users/me/tokens', { body })),
  remove: (id: string) => orThrow(api.DELETE('/api/users/me/tokens/{id}', { params: { path: { id } } }))
})
