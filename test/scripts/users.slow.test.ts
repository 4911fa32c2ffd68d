import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { backends, logIn, PASSWORD, signUp, transports } from '../build.ts'
import { freshFolder, settled } from '../process.ts'
import { waitUntil } from '../servers.ts'
import { prepareUsers } from './users.ts'

const ROOT = join(import.meta.dirname, '../..')

for (const backend of backends) {
  t.test(`accounts and sessions from the shell on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const { app, users } = await prepareUsers(t, await backend.environment())

    t.test('accounts are created and rejected by the same rules as over HTTP', async (t) => {
      const create = ['create', 'ada', 'ada@example.com', 'Ada Lovelace']
      const made = await users(create, { input: PASSWORD })
      t.match(made, { refused: null, printed: / ada\n$/ })
      for (const transport of transports) await t.resolves(transport.logIn(app, 'ada'))
      t.match(await users(create, { input: PASSWORD }), { refused: 'This username is taken' })
      t.match(await users(['create', 'b', 'b@example.com', 'Bob'], { input: PASSWORD }), { refused: /\/username/ })
      t.match(await users(['create', 'bob', 'b@example.com', 'Bob'], { input: 'short' }), { refused: /\/password/ })
      t.match(await users(['create', 'bob', 'b@example.com', 'Bob'], { input: 'password' }), { refused: /too common/ })
    })

    t.test('a session ended in the shell is invalid in the service', async (t) => {
      for (const transport of transports) {
        await signUp(app, `eve-${transport.kind}`)
        const [one, two] = [
          await transport.logIn(app, `eve-${transport.kind}`),
          await transport.logIn(app, `eve-${transport.kind}`)
        ]
        const isDead = (headers: Record<string, string>) => async () =>
          (await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode === 401
        const listed = await users(['sessions', `EVE-${transport.kind}`])
        for (const { sid } of [one, two]) t.match(listed.printed, sid)

        t.match(await users(['revoke', `eve-${transport.kind}`], { login: one.sid }), { refused: null })
        await waitUntil(isDead(one.headers), 'it is dead', 3000)
        t.equal(await isDead(two.headers)(), false)
        t.match(await users(['revoke', `eve-${transport.kind}`], { login: one.sid }), { refused: /no active session/ })
        t.match(await users(['revoke', `eve-${transport.kind}@example.com`]), { refused: null })
        await waitUntil(isDead(two.headers), 'it is dead too', 3000)
        t.match(await users(['sessions', `eve-${transport.kind}`]), { refused: null, printed: '' })
      }
    })

    t.test('the sessions of all users end at once', async (t) => {
      const sessions = []
      for (const [i, transport] of transports.entries()) sessions.push(await logIn(app, `mallory-${i}`, transport))
      t.match(await users(['revoke', 'mallory-0'], { all: true }), { refused: /without a name and without/ })
      t.match(await users(['revoke'], { all: true, login: 'x' }), { refused: /without a name and without/ })
      t.match(await users(['revoke'], { all: true }), { refused: null })
      for (const { headers } of sessions) {
        const isDead = async () =>
          (await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode === 401
        await waitUntil(isDead, 'it is dead', 3000)
      }
      for (const [i, transport] of transports.entries()) await t.resolves(transport.logIn(app, `mallory-${i}`))
    })

    t.test('a password set in the shell ends all sessions', async (t) => {
      const grace = await logIn(app, 'grace')
      t.match(await users(['password', 'grace'], { input: 'short' }), { refused: /8 to 256/ })
      t.match(await users(['password', 'grace'], { input: 'PassWord' }), { refused: /too common/ })
      t.match(await users(['password', 'nobody'], { input: PASSWORD }), { refused: /No account/ })
      t.match(await users(['password', 'grace'], { input: 'set from the shell' }), { refused: null })
      const isDead = async () =>
        (await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: grace.headers })).statusCode === 401
      await waitUntil(isDead, 'it is dead', 3000)
      for (const transport of transports) {
        await t.resolves(transport.logIn(app, 'grace', { password: 'set from the shell' }))
        await t.rejects(transport.logIn(app, 'grace'), /401/)
      }
    })

    t.test('accounts are listed without their hashes', async (t) => {
      const { refused, printed } = await users(['list'])
      t.equal(refused, null)
      t.match(printed, /ada {2}ada@example\.com {2}\d{4}-/)
      t.notMatch(printed, 'argon2')
    })
  })
}

t.test('no text from a user can control the terminal', async (t) => {
  const { app, users } = await prepareUsers(t, {})
  const { user } = await logIn(app, 'ada')
  const { sessions, users: accounts } = app.tables
  const odd = 'Fire\u009b31mfox\u001b[2J\u0085\u007f\u202efdp.\u2066 über'
  await app.db.update(sessions).set({ userAgent: odd }).where(eq(sessions.userId, user.id))
  await app.db.update(accounts).set({ username: odd, email: odd }).where(eq(accounts.id, user.id))
  for (const words of [['list'], ['sessions', 'ada']]) {
    const { refused, printed } = await users(words)
    t.equal(refused, null)
    t.match(printed, 'Fire31mfox[2Jfdp. über')
    t.notMatch(printed, /[\p{Cc}\p{Bidi_Control}](?<!\n)/u, words.join())
  }
})

t.test('npm run users prompts on the terminal, and reports errors in one line', async (t) => {
  const folder = freshFolder(t)
  const env = { PATH: process.env['PATH'], ...settled }
  const users = (words: string[], input = '') =>
    spawnSync(process.execPath, [join(ROOT, 'scripts/users.ts'), ...words], {
      cwd: folder,
      env,
      input,
      encoding: 'utf8'
    })
  const create = ['create', 'ada', 'ada@example.com', 'Ada Lovelace']
  t.match(users(create, `${PASSWORD}\n`), { status: 0, stdout: / ada\n$/, stderr: '' })
  t.match(users(create, 'short\n'), { status: 1, stdout: '', stderr: /\/password/ })
  t.match(users(['sessions', 'nobody']), {
    status: 1,
    stdout: '',
    stderr: 'No account has the username or email address nobody\n'
  })
  t.match(users(['help']), { status: 0, stdout: /npm run users -- create/, stderr: '' })
  for (const words of [[], ['constructor'], ['revoke', '--al']])
    t.match(users(words), {
      status: 1,
      stdout: '',
      stderr: /^(Say what|There is no command|Unknown option)[\s\S]*npm run users -- create/
    })
})
