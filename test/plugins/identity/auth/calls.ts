import type { FastifyInstance } from 'fastify'
import type { LoggedIn, Transport } from '../../../build.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Calls the API with the credential of a session. */
export function call(app: FastifyInstance, login: Pick<LoggedIn, 'headers'>, line: string, payload?: object) {
  const [method, url] = line.split(' ') as [Method, string]
  return app.inject({ method, url, headers: login.headers, ...(payload && { payload }) })
}

/** The headers with the credential that a client holds after a renewal. */
export async function renewedBy(app: FastifyInstance, transport: Transport, reply: Awaited<ReturnType<typeof call>>) {
  const [cookie] = reply.cookies
  const headers: Record<string, string> =
    transport.kind === 'cookie'
      ? { cookie: `${cookie?.name}=${encodeURIComponent(cookie?.value ?? '')}` }
      : { authorization: `Bearer ${reply.json().accessToken}` }
  const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  return { headers, sid: whoami.json().sessionId as string, status: whoami.statusCode }
}

/** The error code for the credential of a revoked session. */
export const REVOKED = { cookie: 'SESSION_REVOKED', token: 'TOKEN_REVOKED' }
