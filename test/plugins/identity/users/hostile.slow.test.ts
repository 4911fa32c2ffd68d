import t from 'tap'
import { build, databases, logIn, PASSWORD } from '../../../build.ts'
import { call } from '../auth/calls.ts'
import { hostile } from '../auth/hostile.ts'

/** The answer to each hostile text in an account change, a path, or a query. */
const answers: Record<string, Record<string, string>> = {}

for (const database of databases) {
  t.test(
    `ASVS 1.2.4, 1.3.3: hostile text in account changes and in URLs is handled safely, on ${database.name}`,
    async (t) => {
      const app = await build(t, { DB_URI: await database.uri() })
      const ada = await logIn(app, 'ada')
      const seen: Record<string, string> = {}
      answers[database.name] = seen
      for (const [what, text] of Object.entries(hostile)) {
        const password = { currentPassword: 'not this one', newPassword: PASSWORD }
        const encoded = encodeURIComponent(text.toWellFormed()).slice(0, 3000)
        const calls: [string, object?][] = [
          ['PATCH /api/users/me', { name: text }],
          ['PATCH /api/users/me', { username: text }],
          ['PUT /api/users/me/password', { ...password, newPassword: text.slice(0, 3) }],
          ['POST /api/auth/reauthenticate', { password: '', [text]: text }],
          [`DELETE /api/auth/sessions/${encoded}`],
          [`GET /api/probe/${encoded}`],
          [`GET /api/users/me/events?cursor=${encoded}`],
          [`DELETE /api/auth/sessions?keepCurrent=${encoded === 'true' ? 'x' : encoded}`]
        ]
        for (const [i, [line, payload]] of calls.entries()) {
          const reply = await call(app, ada, line, payload)
          const about = `${line.slice(0, 40)}: ${what}`
          seen[`${i} ${what}`] = `${reply.statusCode} ${reply.json().code ?? ''}`
          t.ok(reply.statusCode < 500, about)
          if (line.startsWith('DELETE') || line.startsWith('GET'))
            t.ok([400, 404, 414].includes(reply.statusCode), about)
          if (reply.statusCode === 200 && payload && 'name' in payload) t.equal(reply.json().name, text, about)
          // The name of an unknown member is repeated if it is a plain one.
          const isName = payload && text in payload
          if (reply.statusCode >= 400 && text.length > 9 && !isName)
            t.notOk(reply.body.includes(text), `not repeated: ${about}`)
        }
      }
      t.equal((await call(app, ada, 'GET /api/auth/whoami')).statusCode, 200)
    }
  )
}

t.test('ASVS 1.3.3: both databases answer hostile text alike', async (t) => {
  t.ok(Object.keys(answers['SQLite'] ?? {}).length > 300)
  t.strictSame(answers['PostgreSQL'], answers['SQLite'])
})
