import type { Transport } from '../../../build.ts'

export const cookie: Transport = {
  kind: 'cookie',
  async logIn(app, usernameOrEmail, { remember = true, password = 'a long first password' } = {}) {
    const payload = { usernameOrEmail, password, authType: 'cookie', remember }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    if (reply.statusCode !== 200) throw new Error(`login answered ${reply.statusCode}: ${reply.body}`)
    const [set] = reply.cookies
    const headers = { cookie: `${set?.name}=${encodeURIComponent(set?.value ?? '')}` }
    const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
    return { sid: whoami.json().sessionId, headers, body: reply.json() }
  }
}
