import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { backends, build, PASSWORD, signUp, transports } from '../../../build.ts'

const WRONG = 'not the right password'
const kind = transports[0]?.kind

function attempt(app: FastifyInstance, usernameOrEmail: string, password: string, from: string) {
  const headers = { 'x-forwarded-for': from }
  const payload = { usernameOrEmail, password, authType: kind }
  return app.inject({ method: 'POST', url: '/api/auth/login', payload, headers })
}

for (const backend of backends) {
  const on = `on ${backend.name}`

  t.test(
    `ASVS 6.1.1: an account is throttled, except at addresses it logged in from before ${on}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, { ...(await backend.environment()), TRUST_PROXY: '127.0.0.1' })
      await signUp(app, 'ada')
      t.equal((await attempt(app, 'ada', PASSWORD, '192.0.2.1')).statusCode, 200)
      t.equal((await attempt(app, 'ada', PASSWORD, '2001:db8:1:2::1')).statusCode, 200)
      // A hash for each would take too long; the test only counts the attempts that reached the hash.
      app.passwords.verify = async (_hash, password) => password === PASSWORD
      const statuses = []
      for (let i = 0; i < 120; i++) statuses.push((await attempt(app, 'ada', WRONG, `198.51.100.${i}`)).statusCode)
      t.strictSame(new Set(statuses.slice(0, 100)), new Set([401]))
      t.strictSame(new Set(statuses.slice(100)), new Set([429]))
      t.equal((await attempt(app, 'ada', PASSWORD, '203.0.113.1')).statusCode, 429, 'from an address it does not know')
      t.equal((await attempt(app, 'ada', PASSWORD, '192.0.2.1')).statusCode, 200, 'from one that it knows')
      t.equal((await attempt(app, 'ada', PASSWORD, '2001:db8:1:2:ffff::9')).statusCode, 200, 'its IPv6 /64')
      t.equal((await attempt(app, 'ada', PASSWORD, '2001:db8:1:3::1')).statusCode, 429, 'another /64')
    }
  )
}
