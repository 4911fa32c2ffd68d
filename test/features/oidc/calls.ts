import type { FastifyInstance } from 'fastify'
import { buildWithLog, type LoggedIn, type Transport } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { type Agreement, type FakeProvider, REDIRECT_URI } from './provider.ts'

export const LOGIN = '/api/auth/oidc/login'
export const SIGN_UP = '/api/auth/oidc/signup'
export const IDENTITIES = '/api/users/me/identities'

export type Started = { url: string; ticket: string }
export type Identity = { id: string; provider: string; createdAt: string; lastUsedAt: string | null }

/** `401 OIDC_FAILED` */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 300 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`

export const settingsFor = (providers: Record<string, Pick<FakeProvider, 'setting'>>) => ({
  OIDC_PROVIDERS: Object.entries(providers)
    .map(([id, { setting }]) => setting(id))
    .join(','),
  OIDC_REDIRECT_URI: REDIRECT_URI
})
export const buildWith = (
  t: Parameters<typeof buildWithLog>[0],
  providers: Record<string, Pick<FakeProvider, 'setting'>>,
  environment = {}
) => buildWithLog(t, { ...environment, ...settingsFor(providers) })

export const post = (app: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers })

export async function start(app: FastifyInstance, id = 'test', session: Pick<LoggedIn, 'headers'> = { headers: {} }) {
  const reply = await call(app, session, `POST /api/auth/oidc/${id}`)
  if (reply.statusCode !== 200) throw new Error(`start answered ${reply.statusCode}: ${reply.body}`)
  return reply.json<Started>()
}

/** Goes to the provider, agrees there, and comes back: what a login, a link, and a confirmation send. */
export async function comeBack(
  app: FastifyInstance,
  provider: FakeProvider,
  agreement: Agreement = {},
  session?: Pick<LoggedIn, 'headers'>
) {
  const { url, ticket } = await start(app, 'test', session)
  return { ticket, response: provider.agree(url, agreement) }
}

/** The claims of somebody with a verified address. */
export const claimsOf = (name: string, more: object = {}) => ({
  ...{ sub: `${name}-1`, email: `${name}@example.com`, email_verified: true, name: `The user ${name}` },
  ...more
})

type Kind = Pick<Transport, 'kind'>
export async function logInWith(app: FastifyInstance, { kind }: Kind, provider: FakeProvider, agreement: Agreement) {
  return post(app, LOGIN, { ...(await comeBack(app, provider, agreement)), authType: kind })
}

/** Creates an account without a password, and logs in to it. */
export async function signUpWith(
  app: FastifyInstance,
  { kind }: Kind,
  provider: FakeProvider,
  username: string,
  agreement: Agreement = { claims: claimsOf(username) }
) {
  const refused = await logInWith(app, { kind }, provider, agreement)
  const { ticket } = refused.json<{ ticket: string }>()
  return post(app, SIGN_UP, { ticket, username, name: `The user ${username}`, authType: kind })
}
