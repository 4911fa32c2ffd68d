import t from 'tap'
import { build, databases, PASSWORD, transports } from '../../../build.ts'
import { hostile } from './hostile.ts'

const isIllFormed = (text: string) => text.includes('\0') || !text.isWellFormed()
const hasControls = (text: string) => /\p{Cc}/u.test(text)

/** The answer to each hostile text in each field of sign-up and login: status, code, and pointer. */
const answers: Record<string, Record<string, string>> = {}

for (const database of databases) {
  t.test(`ASVS 1.2.4, 1.3.3, 16.5.4: hostile text in every field is handled safely on ${database.name}`, async (t) => {
    const app = await build(t, { DB_URI: await database.uri() })
    const seen: Record<string, string> = {}
    answers[database.name] = seen
    let count = 0

    async function post(url: string, valid: object, field: string, [what, text]: [string, string]) {
      const payload = { ...valid, [field]: text }
      const reply = await app.inject({ method: 'POST', url, payload })
      const body = reply.json()
      const fault = body.errors?.[0]?.pointer ?? ''
      seen[`${url} ${field} ${what}`] = `${reply.statusCode} ${body.code} ${fault}`
      const about = `${field}: ${what}`
      t.ok(reply.statusCode < 500, about)
      if (reply.statusCode === 400) t.equal(fault, `/${field}`, about)
      if (isIllFormed(text)) t.equal(reply.statusCode, 400, about)
      if (reply.statusCode >= 400 && text.length > 5) t.notOk(reply.body.includes(text), `not repeated: ${about}`)
      return body
    }

    async function signUpWith(field: string, entry: [string, string]) {
      const [what, text] = entry
      const username = `user${++count}`
      const valid = { username, email: `${username}@example.com`, name: 'Ada', password: PASSWORD }
      const { user } = await post('/api/auth/signup', valid, field, entry)
      if (user && field === 'username') t.equal(user.username, text.normalize('NFC'), what)
      if (user && /email|name$/.test(field) && field !== 'username') t.equal(user[field], text, what)
      if (user && field === 'password') {
        const payload = { usernameOrEmail: username, password: text, authType: transports[0]?.kind }
        const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
        t.equal(login.statusCode, 200, `the password is taken as it is: ${what}`)
      }
      const isNameFine = !isIllFormed(text) && !hasControls(text) && text.trim() !== '' && [...text].length <= 120
      if (field === 'name') t.equal(user !== undefined, isNameFine, `name: ${what}`)
    }

    const credentials = { usernameOrEmail: 'nobody', password: 'another password', authType: transports[0]?.kind }
    for (const entry of Object.entries(hostile)) {
      const calls = ['username', 'email', 'name'].map((field) => signUpWith(field, entry))
      await Promise.all([...calls, post('/api/auth/login', credentials, 'usernameOrEmail', entry)])
      // No database sees the password.
      if (database.isPostgres) continue
      await Promise.all([signUpWith('password', entry), post('/api/auth/login', credentials, 'password', entry)])
    }
  })
}

t.test('ASVS 1.3.3: both databases give the same answers to hostile text', async (t) => {
  const { SQLite = {}, PostgreSQL = {} } = answers
  const isAsked = (call: string) => !/ password /.test(call)
  t.ok(Object.keys(PostgreSQL).length > 200)
  t.strictSame(PostgreSQL, Object.fromEntries(Object.entries(SQLite).filter(([call]) => isAsked(call))))
})
