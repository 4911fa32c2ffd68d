import t from 'tap'
import { backends, logIn } from '../../build.ts'
import { prepareUsers } from '../../scripts/users.ts'
import { waitUntil } from '../../wait.ts'
import { act, USERS, whoami } from './calls.ts'

for (const backend of backends) {
  t.test(`an operator makes the first admin, and bans, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const { app, users } = await prepareUsers(t, await backend.environment())
    const ada = await logIn(app, 'ada')
    const eve = await logIn(app, 'eve')
    t.match(await users(['role', 'ADA', 'admin']), { refused: null, printed: '' })
    t.equal(await act(app, ada, `GET ${USERS}`), '200', 'with the next request, in another process')
    t.match(await users(['role', 'ada', 'root']), { refused: 'A role is one of user, support, admin' })
    t.match(await users(['role', 'ada']), { refused: /A role is one of/ })
    t.match(await users(['role', 'nobody', 'admin']), { refused: /No account/ })
    t.match(await users(['role', 'ada', 'user']), { refused: /last admin/ })
    t.match(await users(['ban', 'ada']), { refused: /last admin/ })

    t.match(await users(['ban', 'eve@example.com']), { refused: null })
    await waitUntil(async () => (await whoami(app, eve)).startsWith('401'), 'the session ends', 3000)
    t.match(await users(['unban', 'eve']), { refused: null })
    t.match((await app.inject({ method: 'GET', url: `${USERS}/${eve.user.id}`, headers: ada.headers })).json(), {
      bannedAt: null
    })
  })
}
