import t from 'tap'
import { backends, logIn } from '../../build.ts'
import { prepareUsers } from '../../scripts/users.ts'
import { makeToken, probeWith } from './calls.ts'

for (const backend of backends) {
  t.test(`an operator lists and ends API tokens, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const { app, users } = await prepareUsers(t, await backend.environment())
    const ada = await logIn(app, 'ada')
    const token = await makeToken(app, ada, { name: 'Backup \u202escript' })
    const { printed } = await users(['tokens', 'ADA'])
    t.match(printed, token.id)
    t.match(printed, 'never  probe:read,probe:write  Backup script\n')
    t.notMatch(printed, token.token)
    t.match(await users(['end-token', 'ada', 'x']), { refused: 'You have no API token with this id' })
    await logIn(app, 'eve')
    t.match(await users(['end-token', 'eve', token.id]), { refused: 'You have no API token with this id' })
    t.match(await users(['end-token', 'ada', token.id]), { refused: null, printed: '' })
    t.equal(await probeWith(app, token), '401 INVALID_TOKEN', 'at once, in another process')
    t.match(await users(['tokens', 'ada']), { refused: null, printed: '' })
    t.match(await users(['tokens', 'nobody']), { refused: /No account/ })

    const last = await makeToken(app, ada)
    t.match(await users(['password', 'ada'], { input: 'another long password' }), { refused: null })
    t.equal(await probeWith(app, last), '401 INVALID_TOKEN', 'a new password from the shell ends it')
  })
}
