import t from 'tap'
import { databases, signUp, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { olderDatabase, releases } from '../../plugins/platform/db/older.ts'
import { buildWithMail } from './mails.ts'

const [transport] = transports
for (const database of databases)
  for (const release of releases)
    t.test(`a user of ${release.version} verifies the address after an upgrade on ${database.name}`, async (t) => {
      if (!transport) return
      const { uri } = await olderDatabase(t, database, release, (app) => signUp(app, 'ada'))
      const { app, codeTo } = await buildWithMail(t, { DB_URI: uri })
      const ada = await transport.logIn(app, 'ada')
      t.match((await call(app, ada, 'GET /api/users/me')).json(), { emailVerified: false })
      const asked = await call(app, ada, 'POST /api/auth/email-verification')
      t.equal(asked.statusCode, 202)
      const body = { ticket: asked.json().ticket, code: await codeTo('ada@example.com', /verification code/) }
      const done = await call(app, ada, 'PUT /api/auth/email-verification', body)
      t.match(done.json(), { emailVerified: true })
    })
