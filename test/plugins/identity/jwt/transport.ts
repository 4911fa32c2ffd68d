import type { Transport } from '../../../build.ts'

export const token: Transport = {
  kind: 'token',
  async logIn(app, usernameOrEmail, { remember = true, password = 'a long first password' } = {}) {
    const payload = { usernameOrEmail, password, authType: 'token', remember }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    if (reply.statusCode !== 200) throw new Error(`login answered ${reply.statusCode}: ${reply.body}`)
    const headers = { authorization: `Bearer ${reply.json().accessToken}` }
    const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
    return { sid: whoami.json().sessionId, headers, body: reply.json() }
  }
}
