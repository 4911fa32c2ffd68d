import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { OidcFailed, ProviderUnavailable } from './errors.ts'
import { createFlow } from './flow.ts'
import { createIdentities } from './identities.ts'
import { createIdentityRoutes } from './identity-routes.ts'
import { createLinks } from './links.ts'
import { createLoginRoutes } from './login-routes.ts'
import { createLogins } from './logins.ts'
import { createProvider } from './provider.ts'
import { ProofMember } from './schemas.ts'

/** Login with another service, by OpenID Connect (and GitHub's OAuth 2). Off without OIDC_PROVIDERS. */
async function oidc(app: FastifyInstance) {
  const { OIDC_PROVIDERS, OIDC_REDIRECT_URI } = app.config
  const names = OIDC_PROVIDERS?.map(({ id }) => id) ?? []
  const identities = createIdentities(app.db, app.tables, names)
  app.factorRemovals.push(identities.removal)
  if (OIDC_PROVIDERS === null || OIDC_REDIRECT_URI === null) return

  const providers = new Map(OIDC_PROVIDERS.map((each) => [each.id, createProvider(each, OIDC_REDIRECT_URI)]))
  const flow = createFlow(app, providers)
  const logins = createLogins(app, flow, identities)
  app.loginMethods.add('identity', identities.loginMethod)
  app.reauthentications.set('oidc', {
    ...{ schema: ProofMember, refusals: [TicketInvalid, OidcFailed, ProviderUnavailable] },
    verify: logins.confirm
  })
  app.securityView.set('identities', { schema: Type.Integer(), read: identities.count })
  app.mount('/api/auth/oidc', createLoginRoutes(flow, logins))
  app.mount('/api/users/me/identities', createIdentityRoutes(createLinks(app, flow, identities), identities))
}

export default fp(oidc, {
  name: 'oidc',
  dependencies: ['config', 'db', 'audit', 'router', 'cookies', 'throttle', 'users', 'tickets', 'auth']
})
