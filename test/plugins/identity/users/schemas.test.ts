import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build } from '../../../build.ts'

let count = 0
/** Signs up with these members and otherwise valid ones; returns the status with the code or pointer. */
async function signUpWith(app: FastifyInstance, members: Record<string, unknown>) {
  const username = `user${++count}`
  const payload = {
    username,
    email: `${username}@example.com`,
    name: 'Ada',
    password: 'a long first password',
    ...members
  }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
  return { status: reply.statusCode, code: reply.json().code, pointer: reply.json().errors?.[0]?.pointer }
}

const refused = (pointer: string) => ({ status: 400, code: 'VALIDATION_FAILED', pointer })

t.test('ASVS 6.2.1, 6.2.9: a password has PASSWORD_MIN_LENGTH to 256 code points', async (t) => {
  for (const minimum of [8, 15]) {
    const app = await build(t, { PASSWORD_MIN_LENGTH: `${minimum}` })
    for (const character of ['a', 'é', '🔑']) {
      for (const length of [minimum, 256]) {
        t.match(
          await signUpWith(app, { password: character.repeat(length) }),
          { status: 201 },
          `${length} ${character}`
        )
      }
      for (const length of [0, minimum - 1, 257]) {
        const password = character.repeat(length)
        t.match(await signUpWith(app, { password }), refused('/password'), `${length} ${character}`)
      }
    }
  }
})

t.test('ASVS 2.2.1, 15.2.2: each text has a minimum and a maximum length, in code points', async (t) => {
  const app = await build(t)
  const host = `${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}.example.com`
  const address = (length: number) => `${'a'.repeat(length - 1 - host.length)}@${host}`
  const table: [string, string, boolean][] = [
    ['username', 'ab', false],
    ['username', 'ab1', true],
    ['username', '花'.repeat(64), true],
    ['username', '𐌰'.repeat(63), true],
    ['username', 'x'.repeat(65), false],
    ['name', '', false],
    ['name', 'A', true],
    ['name', '🙂', true],
    ['name', 'n'.repeat(120), true],
    ['name', 'n'.repeat(121), false],
    ['email', address(254), true],
    ['email', address(255), false]
  ]
  for (const [name, value, isFine] of table) {
    const expected = isFine ? { status: 201 } : refused(`/${name}`)
    t.match(await signUpWith(app, { [name]: value }), expected, `${name} of ${[...value].length}`)
  }
})

t.test('an email address has the form of an address', async (t) => {
  const app = await build(t)
  for (const email of [
    'a.b+c@example.co.uk',
    "o'brien@example.com",
    'A@B.CD',
    'x@xn--bcher-kva.example',
    'ada@b\u00fccher.example'
  ]) {
    t.match(await signUpWith(app, { email }), { status: 201 }, email)
  }
  const odd = ['', 'ada', '@example.com', 'ada@', 'ada@example', 'a b@example.com', 'ada@exa mple.com', 'a@b@c.de']
  odd.push(
    'ada@example.com\n',
    'ada@-example.com',
    '.ada@example.com',
    'ada..b@example.com',
    'ada@example.com.',
    'ädä@example.com'
  )
  for (const email of odd) t.match(await signUpWith(app, { email }), refused('/email'), JSON.stringify(email))
})

t.test('usernames and names must match their patterns', async (t) => {
  const app = await build(t)
  for (const username of ['ada@example.com', '.ada', 'ada-', 'a\u200bda', 'ada lovelace']) {
    t.match(await signUpWith(app, { username }), refused('/username'), JSON.stringify(username))
  }
  for (const name of ['   ', 'a\nb', 'a\x1bb']) {
    t.match(await signUpWith(app, { name }), refused('/name'), JSON.stringify(name))
  }
})
