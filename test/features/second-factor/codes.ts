import type { FastifyInstance } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { type LoggedIn, logIn, PASSWORD, type Transport } from '../../build.ts'
import { call, renewedBy } from '../../plugins/identity/auth/calls.ts'

/** What an authenticator app shows. */
export const codeOf = (secret: string) => new TOTP({ secret: Secret.fromBase32(secret) }).generate()
/** A code of six digits that is not right in this minute. */
export function wrongCode(secret: string) {
  const now = Date.now()
  const near = [-60, -30, 0, 30, 60].map((s) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now + s * 1000 })
  )
  return ['000000', '000001', '000002', '000003', '000004', '000005'].find((code) => !near.includes(code)) ?? ''
}

/** Makes the code of this step usable again, so that a test does not have to wait for the next one. */
export async function forgetStep(app: FastifyInstance, userId: string) {
  await app.db.update(app.tables.totp).set({ lastStep: 0 }).where(eq(app.tables.totp.userId, userId))
}

/** Signs up a user with an authenticator app. */
export async function enroll(app: FastifyInstance, username: string, transport: Transport) {
  const ada = await logIn(app, username, transport)
  const { secret, uri } = (await call(app, ada, 'POST /api/users/me/totp')).json<{ secret: string; uri: string }>()
  const confirmed = await call(app, ada, 'PUT /api/users/me/totp', { code: codeOf(secret) })
  const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>()
  const renewed = await renewedBy(app, transport, confirmed)
  await forgetStep(app, ada.user.id)
  return { user: ada.user, before: ada as LoggedIn, secret, uri, recoveryCodes, confirmed, ...renewed }
}

/** Logs in by password; returns the reply and the ticket for the second factor. */
export async function ask(app: FastifyInstance, username: string, kind: Transport['kind'], options = {}) {
  const payload = { usernameOrEmail: username, password: PASSWORD, authType: kind, ...options }
  const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
  return { reply, ticket: reply.json().secondFactor?.ticket as string }
}

export const confirm = (app: FastifyInstance, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/api/auth/second-factor', headers, payload })
/** `401 INVALID_CODE` */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 300 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`
