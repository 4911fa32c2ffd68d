import { hash as argon2 } from '@node-rs/argon2'
import { hash as bcrypt } from '@node-rs/bcrypt'
import t from 'tap'
import { createPasswords } from '../../../../src/plugins/identity/users/passwords.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, PASSWORD, signUp, transports } from '../../../build.ts'

const STRONG = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/

t.test('ASVS 11.4.2: hashes are argon2id with OWASP parameters, a 16-byte salt, and a 32-byte tag', async (t) => {
  const passwords = createPasswords(1)
  const first = await passwords.hash(PASSWORD)
  t.match(first, STRONG)
  t.not(first, await passwords.hash(PASSWORD), 'each with a salt of its own')
  t.equal(await passwords.verify(first, PASSWORD), true)
})

t.test('ASVS 6.2.5, 6.2.8, 6.2.10: only exactly the same password matches', async (t) => {
  const passwords = createPasswords(3)
  const long = 'abcdefgh'.repeat(10)
  const table: [string, string, boolean][] = [
    [long, long, true],
    [long, long.slice(0, 72), false],
    [long, `${long} `, false],
    [long, long.toUpperCase(), false],
    [long, '', false],
    ['Zo\u00eb spells it', 'Zo\u00eb spells it', true],
    ['Zo\u00eb spells it', 'Zoe\u0308 spells it', true],
    [' spaces ', ' spaces ', true],
    [' spaces ', 'spaces', false],
    ['пароль с пробелами', 'пароль с пробелами', true],
    ['👩‍🚀🔑👩‍🚀🔑', '👩‍🚀🔑👩‍🚀🔑', true],
    ['👩‍🚀🔑👩‍🚀🔑', '👩🚀🔑👩🚀🔑', false]
  ]
  for (const [set, shown, isRight] of table) {
    t.equal(await passwords.verify(await passwords.hash(set), shown), isRight, `${set} and ${shown}`)
  }
})

t.test('ASVS 6.3.8: without a user no password matches, not even the decoy', async (t) => {
  const passwords = createPasswords(1)
  t.equal(await passwords.verify(null, PASSWORD), false)
  t.equal(await passwords.verify(null, 'no password has this hash'), false)
})

t.test('recognizes hashes that are weaker than new ones', async (t) => {
  const { isWeak } = createPasswords(1)
  const rest = '$c2FsdHNhbHRzYWx0c2E$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE'
  const table: [string, boolean][] = [
    [`$argon2id$v=19$m=19456,t=2,p=1${rest}`, false],
    [`$argon2id$v=19$m=65536,t=3,p=4${rest}`, false],
    [`$argon2id$v=19$m=19455,t=2,p=1${rest}`, true],
    [`$argon2id$v=19$m=19456,t=1,p=1${rest}`, true],
    [`$argon2i$v=19$m=19456,t=2,p=1${rest}`, true],
    ['$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZJ0VZxQ3kNVYmKq3ZxFKt3yFQpuXwK', true]
  ]
  for (const [hash, weak] of table) t.equal(isWeak(hash), weak, hash)
})

t.test('ASVS 11.4.2: a login upgrades a weaker hash once, and a wrong password does not', async (t) => {
  const app = await build(t)
  const { users } = app.tables
  const weak = {
    // In the format of Flask-Bcrypt, with a lower cost.
    bcrypt: await bcrypt(PASSWORD, 4),
    argon2: await argon2(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 })
  }
  for (const [name, passwordHash] of Object.entries(weak)) {
    const { id } = await signUp(app, name)
    t.match(passwordHash, /^\$(2b\$04|argon2id)\$/)
    await app.db.update(users).set({ passwordHash }).where(eq(users.id, id))
    const payload = { usernameOrEmail: name, password: PASSWORD, authType: transports[0]?.kind }
    const wrong = { ...payload, password: 'another password' }

    const refused = await app.inject({ method: 'POST', url: '/api/auth/login', payload: wrong })
    t.equal(refused.statusCode, 401)
    t.equal(refused.json().code, 'INVALID_CREDENTIALS')
    t.equal((await app.users.find(id))?.passwordHash, passwordHash, 'still the old one')

    t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
    const renewed = (await app.users.find(id))?.passwordHash
    t.match(renewed, STRONG)

    t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
    t.equal((await app.users.find(id))?.passwordHash, renewed, 'strong enough now')
    const again = await app.inject({ method: 'POST', url: '/api/auth/login', payload: wrong })
    t.equal(again.statusCode, 401)
  }
})

t.test('a long password that Flask-Bcrypt cut at 72 bytes still logs in, and counts in full afterwards', async (t) => {
  const app = await build(t)
  const { id } = await signUp(app, 'flask')
  const password = 'abcdefgh'.repeat(10)
  const passwordHash = await bcrypt(password.slice(0, 72), 4)
  await app.db.update(app.tables.users).set({ passwordHash }).where(eq(app.tables.users.id, id))

  const payload = { usernameOrEmail: 'flask', password, authType: transports[0]?.kind }
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
  const cut = { ...payload, password: password.slice(0, 72) }
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload: cut })).statusCode, 401)
})

t.test('a hash of an unknown kind matches no password', async (t) => {
  const { passwords } = await build(t)
  for (const hash of ['', 'pbkdf2:sha256:600000$salt$00', '$argon2id$broken'])
    t.equal(await passwords.verify(hash, PASSWORD), false, hash)
})
