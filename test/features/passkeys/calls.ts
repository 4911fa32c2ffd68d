import type { FastifyInstance } from 'fastify'
import { type LoggedIn, logIn, type Transport } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { type Authenticator, createAuthenticator, type Wrong } from './authenticator.ts'

type Challenge = { ticket: string; options: { challenge: string; user: { id: string } } }
export type Passkey = { id: string; name: string; createdAt: string; lastUsedAt: string | null; synced: boolean }

/** `401 INVALID_CODE` */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 300 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`

const PASSKEYS = '/api/users/me/passkeys'
export const startAdding = async (app: FastifyInstance, session: Pick<LoggedIn, 'headers'>) =>
  (await call(app, session, `POST ${PASSKEYS}/challenge`)).json<Challenge>()

/** Adds a passkey to the account of a session. */
export async function addPasskey(
  app: FastifyInstance,
  session: Pick<LoggedIn, 'headers'>,
  authenticator: Authenticator,
  wrong: Wrong = {},
  name = 'My phone'
) {
  const { ticket, options } = await startAdding(app, session)
  const credential = authenticator.register(options, wrong)
  return call(app, session, `POST ${PASSKEYS}`, { ticket, credential, name })
}
export const listPasskeys = async (app: FastifyInstance, session: Pick<LoggedIn, 'headers'>) =>
  (await call(app, session, `GET ${PASSKEYS}`)).json<{ passkeys: Passkey[] }>().passkeys

/** Signs up a user with a passkey. */
export async function enroll(
  app: FastifyInstance,
  username: string,
  transport: Transport,
  authenticator = createAuthenticator()
) {
  const session = await logIn(app, username, transport)
  const reply = await addPasskey(app, session, authenticator)
  if (reply.statusCode !== 201) throw new Error(reply.body)
  return { ...session, authenticator, passkey: reply.json<Passkey>() }
}

export const askForPasskey = async (app: FastifyInstance) =>
  (await app.inject({ method: 'POST', url: '/api/auth/passkeys/challenge' })).json<Challenge>()

/** A challenge, signed: `{ ticket, credential }`. */
export async function assertion(app: FastifyInstance, authenticator: Authenticator, wrong: Wrong = {}) {
  const { ticket, options } = await askForPasskey(app)
  return { ticket, credential: authenticator.sign(options, wrong) }
}
export const post = (app: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers })

/** Logs in with a passkey. */
export async function logInWith(
  app: FastifyInstance,
  { kind }: Pick<Transport, 'kind'>,
  authenticator: Authenticator,
  wrong: Wrong = {}
) {
  const payload = { ...(await assertion(app, authenticator, wrong)), authType: kind }
  return post(app, '/api/auth/passkeys/login', payload)
}
