import t from 'tap'
import { build, databases, logIn, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { olderDatabase, releases } from '../../plugins/platform/db/older.ts'
import { ask, codeOf, outcome } from './codes.ts'

const [transport] = transports
for (const database of databases)
  for (const release of releases)
    t.test(`a user of ${release.version} sets up an authenticator after an upgrade on ${database.name}`, async (t) => {
      if (!transport) return
      const { uri, made } = await olderDatabase(t, database, release, (app) => logIn(app, 'ada', transport))
      const app = await build(t, { DB_URI: uri })
      const started = await call(app, made, 'POST /api/users/me/totp')
      t.equal(started.statusCode, 201)
      const code = codeOf(started.json().secret)
      t.equal((await call(app, made, 'PUT /api/users/me/totp', { code })).statusCode, 200)
      const { reply } = await ask(app, 'ada', transport.kind)
      t.equal(outcome(reply), '401 SECOND_FACTOR_REQUIRED')
    })
