import t from 'tap'
import { backends, build } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { isLongRun } from '../../rows.ts'
import { bearer, makeToken, probeWith, TOKENS } from '../api-tokens/calls.ts'
import { act, logInAs, USERS } from './calls.ts'

// A ban holds the same lock on each backend: the short run tries one.
for (const backend of isLongRun ? backends : backends.slice(0, 1)) {
  t.test(
    `a ban ends API tokens, which open no call of an admin, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const admin = await logInAs(app, 'admin', 'root')
      const ada = await logInAs(app, 'support', 'ada')
      const token = await makeToken(app, ada)
      for (const line of [`GET ${USERS}`, `PUT ${USERS}/${admin.user.id}/ban`])
        t.equal(await act(app, token, line), '403 ABILITY_REQUIRED', line)

      const payload = { name: 'x', abilities: ['probe:read'] }
      const ban = act(app, admin, `PUT ${USERS}/${ada.user.id}/ban`)
      const [made, banned] = await Promise.all([call(app, ada, `POST ${TOKENS}`, payload), ban])
      t.equal(banned, '204')
      t.equal(await probeWith(app, token), '401 INVALID_TOKEN')
      const late = made.json<{ token?: string }>().token
      if (late) t.equal(await probeWith(app, bearer(late)), '401 INVALID_TOKEN', 'made meanwhile')
      t.equal(await act(app, admin, `DELETE ${USERS}/${ada.user.id}/ban`), '204')
      t.equal(await probeWith(app, token), '401 INVALID_TOKEN', 'it does not come back')
    }
  )
}
