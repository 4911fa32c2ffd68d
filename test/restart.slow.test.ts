import t from 'tap'
import { PASSWORD, transports } from './build.ts'
import { freshFolder, post, settled, startListening } from './process.ts'

const ada = { username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD }

/** Logs in; returns the headers of the session. */
async function logIn(url: string, authType: string): Promise<Record<string, string>> {
  const reply = await post(`${url}/api/auth/login`, { usernameOrEmail: 'ada', password: PASSWORD, authType })
  if (reply.status !== 200) throw new Error(`login answered ${reply.status}`)
  const { accessToken } = (await reply.json()) as { accessToken?: string }
  const [cookie = ''] = reply.headers.getSetCookie()
  return accessToken ? { authorization: `Bearer ${accessToken}` } : { cookie: cookie.split(';')[0] ?? '' }
}

for (const { kind } of transports) {
  t.test(
    `ASVS 7.4.1: after kill -9, a session by ${kind} is still active, and a revoked one is still revoked`,
    async (t) => {
      const folder = freshFolder(t)
      const server = await startListening(t, folder, settled)
      t.equal((await post(`${server.url}/api/auth/signup`, ada)).status, 201)
      const kept = await logIn(server.url, kind)
      const ended = await logIn(server.url, kind)
      t.equal((await post(`${server.url}/api/auth/logout`, undefined, ended)).status, 204)
      server.child.kill('SIGKILL')
      await server.exited

      // The name of a cookie on localhost ends with the port.
      const again = await startListening(t, folder, { ...settled, PORT: new URL(server.url).port })
      const me = await fetch(`${again.url}/api/users/me`, { headers: kept })
      t.equal(me.status, 200)
      t.match(await me.json(), { username: 'ada' })
      const refused = await fetch(`${again.url}/api/users/me`, { headers: ended })
      t.equal(refused.status, 401)
      t.match(await refused.json(), { code: kind === 'cookie' ? 'SESSION_REVOKED' : 'TOKEN_REVOKED' })
    }
  )
}
