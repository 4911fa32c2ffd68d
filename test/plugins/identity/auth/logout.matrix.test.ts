import t from 'tap'
import { backends, build, logIn, transportsOn } from '../../../build.ts'

for (const backend of backends) {
  for (const transport of transportsOn(backend)) {
    t.test(`ASVS 7.4.1: logout by ${transport.kind} is final on ${backend.name}`, { skip: backend.skip }, async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)

      const reply = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })

      t.equal(reply.statusCode, 204)
      const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: ada.headers })
      t.equal(whoami.statusCode, 401)
      t.equal(whoami.json().code, transport.kind === 'cookie' ? 'SESSION_REVOKED' : 'TOKEN_REVOKED')
    })
  }
}
